"""models.demo.sequence: what each token adds, and when it was the last."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.demo.params import Params
from models.demo.sequence import Piece, Sequence
from tests.models.demo.scripted import EOS, ByteTokenizer

PLAIN = Params(max_tokens=1000)


def sequence(params: Params = PLAIN, prompt: str = "p", room: int = 1 << 20) -> Sequence:
    return Sequence(list(prompt.encode()), params, ByteTokenizer().decode, frozenset({EOS}), room)


def told(text: str, params: Params = PLAIN, room: int = 1 << 20, end: bool = True) -> list[Piece]:
    """The pieces of a sequence that is given `text` and then its end, until it has ended."""
    running, pieces = sequence(params, room=room), []
    for token in [*text.encode(), *([EOS] if end else [])]:
        pieces.append(running.accept(token))
        if running.finished:
            break
    return pieces


def text_of(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def test_the_token_that_ends_it_is_counted_but_not_shown() -> None:
    pieces = told("Hi")
    assert [piece.text for piece in pieces] == ["H", "i", ""]
    assert pieces[-1] == Piece(0, "", (EOS,), finish_reason="stop")


def test_ignoring_the_end_goes_on_until_the_limit() -> None:
    pieces = told("Hi", replace(PLAIN, ignore_eos=True, max_tokens=3))
    assert [piece.finish_reason for piece in pieces] == [None, None, "length"]


def test_the_limit_is_what_fits_beside_the_prompt_if_that_is_less() -> None:
    pieces = told("Hello", room=3)
    assert (text_of(pieces), pieces[-1].finish_reason) == ("He", "length")


def test_a_stop_token_ends_it_and_is_named() -> None:
    pieces = told("a;b", replace(PLAIN, stop_token_ids=frozenset({ord(";")})))
    assert (text_of(pieces), pieces[-1].finish_reason, pieces[-1].stop_reason) == ("a", "stop", ord(";"))


def test_a_stop_token_is_shown_where_stops_are_to_be_included() -> None:
    params = replace(PLAIN, stop_token_ids=frozenset({ord(";")}), include_stop_str_in_output=True)
    assert text_of(told("a;b", params)) == "a;"


def test_a_stop_string_split_over_tokens_is_never_shown_in_part() -> None:
    pieces = told("one two three", replace(PLAIN, stop=("two",)))
    assert [piece.text for piece in pieces] == ["", "", "o", "n", "e", " ", ""]
    assert (pieces[-1].finish_reason, pieces[-1].stop_reason) == ("stop", "two")


def test_what_was_held_back_comes_with_the_end() -> None:
    pieces = told("one tw", replace(PLAIN, stop=("two",)))
    assert (text_of(pieces), pieces[-1].text) == ("one tw", "tw")


def test_a_stop_string_in_the_last_allowed_token_is_a_stop() -> None:
    assert told("ab", replace(PLAIN, stop=("b",), max_tokens=2))[-1].finish_reason == "stop"


def test_before_the_least_number_of_tokens_nothing_ends_it() -> None:
    running = sequence(replace(PLAIN, min_tokens=2, stop_token_ids=frozenset({9})))
    assert running.forbidden == {EOS, 9}
    running.accept(ord("a"))
    running.accept(ord("b"))
    assert running.forbidden == frozenset()


def test_a_stop_string_before_the_least_number_of_tokens_is_text() -> None:
    pieces = told("ab.cd.ef", replace(PLAIN, min_tokens=4, stop=(".",)))
    assert text_of(pieces) == "ab.cd"


def test_an_abort_ends_it_without_a_token() -> None:
    running = sequence()
    assert (running.abort(), running.finished) == (Piece(0, finish_reason="abort"), True)


def test_a_seed_gives_each_copy_other_words_and_the_same_each_time() -> None:
    seeded = replace(PLAIN, seed=7)

    def draws(copy: int) -> float:
        return Sequence([1], seeded, ByteTokenizer().decode, copy=copy).random.random()

    assert draws(0) == draws(0) != draws(1)


@given(st.text("ab", max_size=20), st.lists(st.text("ab", min_size=1, max_size=4), max_size=3), st.booleans())
def test_no_stop_string_is_ever_shown_and_nothing_else_is_lost(text: str, stops: list[str], include: bool) -> None:
    shown = text_of(told(text, replace(PLAIN, stop=tuple(stops), include_stop_str_in_output=include)))
    assert text.startswith(shown)
    if not include:
        assert not any(stop in shown for stop in stops)
    if not any(stop in text for stop in stops):
        assert shown == text


@pytest.mark.parametrize("temperature", [0.0, 1e-6])
def test_greedy_decoding_ignores_what_cuts_the_distribution(temperature: float) -> None:
    settled = replace(PLAIN, temperature=temperature, top_p=0.1, top_k=3, min_p=0.5).settled()
    assert (settled.greedy, settled.top_p, settled.top_k, settled.min_p) == (True, 1.0, 0, 0.0)
