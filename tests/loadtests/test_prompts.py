"""The simulated people ask the same for the same seed, and do not all ask the same."""

from random import Random

import pytest

from loadtests.prompts import KINDS, REPEATED, ask


@pytest.mark.parametrize("kind", KINDS)
def test_equal_seeds_ask_equal_questions(kind: str) -> None:
    """Two runs can be compared."""
    first, second = Random(7), Random(7)
    assert [ask(kind, first, repeat_share=0.3) for _ in range(5)] == [
        ask(kind, second, repeat_share=0.3) for _ in range(5)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_every_conversation_is_one(kind: str) -> None:
    """It ends with a person's question, and people and assistant take turns behind the system's words."""
    for seed in range(20):
        roles = [message["role"] for message in ask(kind, Random(seed), repeat_share=0)]
        talk = roles[1:] if roles[0] == "system" else roles
        assert talk[-1] == "user"
        assert talk == ["user", "assistant"] * (len(talk) // 2) + ["user"]


def test_kinds_differ_in_size() -> None:
    """A short one fits on a line, a long one has some kilobytes."""
    size = {kind: sum(len(message["content"]) for message in ask(kind, Random(1), repeat_share=0)) for kind in KINDS}
    assert size["short"] < 120 < size["multi-turn"] < 4_000 < size["long"] < 10_000


def test_repeated_questions_are_few_and_word_for_word() -> None:
    """With a share of one there are ten questions; with none, nobody asks what another asked."""
    repeated = [str(ask("short", Random(seed), repeat_share=1)) for seed in range(200)]
    fresh = [str(ask("short", Random(seed), repeat_share=0)) for seed in range(200)]
    assert len(set(repeated)) == REPEATED
    assert len(set(fresh)) == 200
