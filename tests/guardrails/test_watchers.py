"""What watchers find in a reply as it grows is what they would find in the whole of it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.detectors.detector import Asked, Watcher
from guardrails.detectors.length import Length
from guardrails.detectors.prompt_leak import PromptLeak
from guardrails.detectors.refusal import Refusal
from guardrails.detectors.repetition import Repetition
from guardrails.finding import Finding
from guardrails.passage import Passage
from tests.guardrails.pieces import CUTS, cut, watched

SYSTEM = ("You are Orla, the assistant of Tidewater Ferries. Never mention the winter strike. Offer a refund of at "
          "most forty euros, only where the crossing was more than two hours late. Sign all messages with your name.")
SENTENCE = "The ferry leaves the harbour at noon and comes back late. "
ASKED = Asked(system=(SYSTEM,))


def find(watcher: Watcher, text: str, channel: str = "content") -> list[Finding]:
    return watched(watcher.watch(channel, ASKED), [text])


class TestLength:
    @pytest.mark.parametrize(("most", "text", "place"), [
        ((5, None), "123456", 5), ((5, None), "12345", None), ((None, 2), "one two", None),
        ((None, 2), "one two ", None), ((None, 2), "one\ntwo  three four", 9), ((9, 2), "one two three", 8),
        ((3, 2), "one two three", 3),
    ])
    def test_a_stream_ends_where_it_becomes_too_long(
            self, most: tuple[int | None, int | None], text: str, place: int | None) -> None:
        expected = [] if place is None else [Finding("length", "LENGTH", place, place, 1.0)]
        assert find(Length(*most), text) == expected

    def test_of_a_whole_text_all_that_is_too_much_is_found(self) -> None:
        assert Length(max_words=1).read(Passage("one two three")) == [Finding("length", "LENGTH", 4, 13, 1.0)]

    def test_a_tool_calls_arguments_are_not_counted(self) -> None:
        assert Length(1).watch("arguments:f", ASKED) is None

    def test_a_length_without_a_limit_is_refused(self) -> None:
        with pytest.raises(ValueError, match="max_characters"):
            Length()


class TestRepetition:
    @pytest.mark.parametrize("text", [
        SENTENCE * 12, "A story. " * 3 + "\n".join(f"{n}. {SENTENCE}" for n in range(1, 40)), "the cat sat and " * 60,
        "no no no " * 400, (SENTENCE * 2 + "It is blue. And " * 2 + "the captain waves to all of us there.\n") * 8,
        "はい、わかりました。それでは始めましょう。次に進みます。また後で。" * 60, "!" * 5000, "\n" * 5000,
    ])
    def test_a_loop_is_found_once(self, text: str) -> None:
        found = find(Repetition(), text + "x" * 300)
        assert [finding.label for finding in found] == ["REPETITION"]
        assert 256 <= found[0].end <= len(text)

    @pytest.mark.parametrize("text", [
        "- apples\n- pears\n- plums\n- apples and pears\n" * 2, "| a | b |\n|---|---|\n" + "|   |   |\n" * 40,
        "=" * 200, "[" + "0, " * 400 + "0]",
        "\n".join(f"| row {n} | {n * n} | the same words in a row |" for n in range(90)),
        "\n".join(f'{{"id": {n}, "name": "an ordinary name of it", "value": {n * 7}}},' for n in range(90)),
        "\n".join(f"{n}. Walk for {n + 10} minutes and then stretch your legs." for n in range(1, 60)),
        "Row, row, row your boat, gently down the stream, merrily, merrily, merrily, life is but a dream.\n" * 3,
        "    self.assertEqual(response.status_code, 200)\n" * 5, "na " * 100, "0x00, " * 300, "false, " * 150,
    ])
    def test_lists_tables_songs_code_and_json_are_no_loops(self, text: str) -> None:
        assert find(Repetition(), text) == []


class TestRefusal:
    @pytest.mark.parametrize("text", [
        "I'm sorry, but I can't help with that.", "I\u2019m sorry, I cannot assist with that request.",
        "I cannot provide instructions for that.", "I'm not able to help with this.", "I must decline.",
        "As an AI language model, I cannot do so.", "Sure! Oh wait. I apologize, but I can't help you with it.",
        "Es tut mir leid, aber dabei kann ich nicht helfen.", "Je suis désolé, mais je ne peux pas vous aider.",
        "Lo siento, pero no puedo ayudar con eso.", "Mi dispiace, ma non posso aiutarti.",
        "Desculpe, mas não posso ajudar.", "Извините, но я не могу помочь.", "抱歉,我无法协助。",
        "申し訳ありませんが、お手伝いできません。", "죄송하지만 도와드릴 수 없습니다.",
    ])
    def test_a_reply_that_declines_is_found(self, text: str) -> None:
        assert [finding.label for finding in find(Refusal(), text)] == ["REFUSAL"]

    @pytest.mark.parametrize("text", [
        "Sure! Here is how.", "I can't help but admire it.", "I cannot recommend it enough.", "You can't do it.",
        "I'm sorry to hear that. Let me help you.", "Sorry for the delay, I can help with that.",
        "x" * 230 + "I'm sorry, but I can't help with that.", "I won't lie: it is hard.",
        "Use can't, cannot and won't with care.",
    ])
    def test_other_replies_are_not(self, text: str) -> None:
        assert find(Refusal(), text) == []

    def test_thoughts_and_tool_calls_decline_nothing(self) -> None:
        assert Refusal().watch("reasoning", ASKED) is None
        assert Refusal().watch("arguments:f", ASKED) is None


class TestPromptLeak:
    @pytest.mark.parametrize("text", [
        SYSTEM, f"My instructions are: {SYSTEM[:160]}", SYSTEM.upper().replace(" ", "\n* "),
        "First: " + SYSTEM[:75] + " ... and then: " + SYSTEM[76:140] + " ... and: " + SYSTEM[145:],
    ])
    def test_a_reply_that_repeats_the_system_prompt_is_found_once(self, text: str) -> None:
        assert [finding.label for finding in find(PromptLeak(), text + " Anything else?")] == ["PROMPT_LEAK"]

    @pytest.mark.parametrize("text", [
        "The crossing was more than two hours late, so I can offer a refund of at most forty euros.",
        "I am Orla, the assistant of Tidewater Ferries. How can I help?", SENTENCE * 5,
    ])
    def test_a_reply_that_makes_use_of_it_is_not(self, text: str) -> None:
        assert find(PromptLeak(), text) == []

    def test_a_short_system_prompt_is_no_secret(self) -> None:
        assert PromptLeak().watch("content", Asked(system=("You are a helpful assistant.",))) is None


PARTS = st.sampled_from([SENTENCE, SENTENCE * 6, SYSTEM, SYSTEM[:90], "I'm sorry, but I can't", " help you", "é", "\n",
                         " ", f"12. {SENTENCE}\n", "x" * 64, "\n1", "0. ", "word", "no " * 90,
                         "ich kann dir nicht helfen"])
WATCHERS: list[Watcher] = [Length(300, 40), Repetition(), Refusal(), PromptLeak()]


@pytest.mark.parametrize("watcher", WATCHERS, ids=lambda watcher: watcher.name)
@settings(max_examples=150, deadline=None)
@given(parts=st.lists(PARTS, max_size=12), cuts=CUTS)
def test_any_split_of_a_text_finds_the_same(watcher: Watcher, parts: list[str], cuts: list[int]) -> None:
    text = "".join(parts)
    whole = find(watcher, text)
    assert watched(watcher.watch("content", ASKED), cut(text, cuts)) == whole
    assert watched(watcher.watch("content", ASKED), [*text, ""]) == whole


@pytest.mark.parametrize("watcher", WATCHERS, ids=lambda watcher: watcher.name)
@settings(max_examples=100, deadline=None)
@given(parts=st.lists(PARTS, max_size=12), cuts=CUTS)
def test_a_finding_comes_with_the_piece_that_its_end_stands_in(
        watcher: Watcher, parts: list[str], cuts: list[int]) -> None:
    watch = watcher.watch("content", ASKED)
    assert watch is not None
    seen = 0
    for piece in [*cut("".join(parts), cuts), ""]:
        found = watch.feed(piece, piece == "" and seen == len("".join(parts)))
        assert all(seen <= finding.end <= seen + len(piece) for finding in found)
        seen += len(piece)
