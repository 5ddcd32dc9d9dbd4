"""models.demo.engine: who runs, in what company, and what happens to those who leave."""

from collections.abc import Callable

import pytest

from models.demo.engine import CHUNK_TOKENS, Embedding, Engine
from models.demo.errors import EngineDead
from models.demo.metrics import Metrics
from models.demo.params import Params
from models.demo.sequence import Piece, Sequence
from tests.models.demo.scripted import EOS, ByteTokenizer, Say, ScriptedNetwork, ScriptedSampler, counting


class Bench:
    """An engine whose crank is turned by hand."""

    def __init__(self, say: Say = counting, seats: int = 16) -> None:
        self.network = ScriptedNetwork(say, seats)
        self.engine = Engine(self.network, ScriptedSampler(), Metrics("m"), post=lambda call: call())
        self.pieces: dict[str, list[Piece]] = {}

    def submit(self, prompt: str, max_tokens: int = 5) -> Sequence:
        pieces = self.pieces.setdefault(prompt, [])
        sequence = Sequence(
            list(prompt.encode()), Params(max_tokens), ByteTokenizer().decode, frozenset({EOS}), deliver=pieces.append
        )
        self.engine.submit(sequence)
        return sequence

    def run(self, most: int = 100) -> None:
        while any(self.engine.load):
            self.engine.step()
            most -= 1
            assert most, "the engine does not come to an end"

    def text(self, prompt: str) -> str:
        return "".join(piece.text for piece in self.pieces[prompt])


def alone(prompt: str, max_tokens: int) -> str:
    bench = Bench()
    bench.submit(prompt, max_tokens)
    bench.run()
    return bench.text(prompt)


def test_eight_at_once_take_as_many_passes_as_one() -> None:
    one, eight = Bench(), Bench()
    one.submit("x")
    for number in range(8):
        eight.submit(f"prompt {number}")
    one.run()
    eight.run()
    assert eight.engine.count.passes == one.engine.count.passes == 4
    assert (eight.engine.count.rows, eight.engine.count.largest_batch) == (32, 8)


def test_no_more_run_than_there_are_seats_and_the_others_wait_their_turn() -> None:
    bench = Bench(seats=2)
    for name in "abc":
        bench.submit(name, 3)
    bench.engine.step()
    assert bench.engine.load == (2, 1)
    bench.run()
    assert bench.engine.count.largest_batch == 2
    assert all(bench.pieces[name][-1].finish_reason == "length" for name in "abc")


def test_everybody_says_in_company_what_they_say_alone_whoever_ends_first() -> None:
    bench = Bench(seats=3)
    wanted = {"first": 2, "the second": 9, "and third": 4, "then the fourth": 6, "fifth": 3}
    for prompt, tokens in wanted.items():
        bench.submit(prompt, tokens)
    bench.run()
    assert {prompt: bench.text(prompt) for prompt in wanted} == {
        prompt: alone(prompt, tokens) for prompt, tokens in wanted.items()
    }


def test_a_newcomer_joins_those_who_run() -> None:
    bench = Bench()
    bench.submit("early", 10)
    bench.engine.step()
    bench.submit("late", 3)
    bench.run()
    assert bench.text("late") == alone("late", 3)
    assert bench.text("early") == alone("early", 10)


def test_a_long_prompt_is_read_in_chunks_while_others_go_on() -> None:
    bench = Bench()
    bench.submit("short", 20)
    bench.engine.step()
    said = len(bench.pieces["short"])
    long = "x" * (3 * CHUNK_TOKENS + 5)
    bench.submit(long, 2)
    bench.engine.step()
    assert not bench.pieces[long]
    assert len(bench.pieces["short"]) == said + 1
    bench.run()
    assert bench.network.reads[1:] == [CHUNK_TOKENS] * 3 + [5]
    assert bench.text(long) == alone(long, 2)


def test_one_who_left_frees_the_seat_within_a_step() -> None:
    bench = Bench(seats=1)
    leaver = bench.submit("leaver", 50)
    bench.submit("heir", 2)
    bench.engine.step()
    leaver.cancelled = True
    bench.engine.step()
    assert bench.pieces["leaver"][-1].finish_reason == "abort"
    assert bench.text("heir") == alone("heir", 2)


def test_one_who_left_while_waiting_or_half_read_is_never_run() -> None:
    bench = Bench(seats=1)
    half = bench.submit("y" * (2 * CHUNK_TOKENS + 1))
    waiting = bench.submit("waiting")
    bench.submit("heir", 2)
    bench.engine.step()
    half.cancelled = waiting.cancelled = True
    bench.run()
    assert not waiting.output
    assert bench.text("heir") == alone("heir", 2)


def test_copies_of_a_prompt_are_read_once() -> None:
    bench, prompt = Bench(seats=4), list(b"the same")
    texts: list[list[str]] = [[], [], []]
    for copy, text in enumerate(texts):
        deliver = lambda piece, text=text: text.append(piece.text)  # noqa: E731
        bench.engine.submit(Sequence(prompt, Params(5), ByteTokenizer().decode, deliver=deliver, copy=copy))
    bench.run()
    assert bench.network.reads == [len(prompt)]
    assert ["".join(text) for text in texts] == [alone("the same", 5)] * 3


def test_one_token_is_enough_to_end() -> None:
    assert len(alone("x", 1)) == 1


def test_an_embedding_is_made_between_steps_and_not_for_one_who_left() -> None:
    bench, vectors = Bench(), list[list[float] | None]()
    bench.engine.embed(Embedding([2, 4], vectors.append))
    bench.engine.embed(Embedding([1], vectors.append, cancelled=True))
    bench.engine.step()
    bench.engine.step()
    assert vectors == [[1.0, 0.0]]


def failing(history: list[int]) -> int:
    raise ArithmeticError("as scripted")


@pytest.mark.parametrize("end", [lambda engine: engine.stop(), lambda engine: engine._thread.join(10)])
def test_whoever_is_there_when_the_engine_ends_is_told(
    end: Callable[[Engine], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Whether it is stopped or fails."""
    bench, vectors = Bench(failing), list[list[float] | None]()
    for number in range(3):
        bench.submit(str(number))
    bench.engine.embed(Embedding([1], vectors.append))
    bench.engine.embed(Embedding([1], vectors.append))
    bench.engine.start()
    end(bench.engine)
    assert [pieces[-1].finish_reason for pieces in bench.pieces.values()] == ["error"] * 3
    assert None in vectors
    with pytest.raises(EngineDead):
        bench.submit("too late")


def test_a_failure_is_reported_and_told_apart_from_an_order_to_stop(caplog: pytest.LogCaptureFixture) -> None:
    bench, deaths = Bench(failing), list[str]()
    bench.engine.on_death = lambda: deaths.append("dead")
    bench.submit("x")
    bench.engine.start()
    bench.engine._thread.join(10)
    assert (deaths, bench.engine.failed) == (["dead"], True)
    assert "as scripted" in caplog.text
