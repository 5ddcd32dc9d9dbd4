"""Stretches are a function of the text, whatever the pieces in which it came."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.stretches import (
    CONTEXT_CHARACTERS,
    LEAST_CHARACTERS,
    MOST_CHARACTERS,
    Stretch,
    Stretches,
    stretches_of,
)
from tests.guardrails.pieces import CUTS, cut

TEXTS = st.lists(st.sampled_from([
    "A word ", "is a word. ", "Is it?", '"Yes!" ', "3.14 ", "e.g. ", "\n", "。", "é", "😀", "…) ", ".", " ",
    "x" * 170, "and so on and on and on and on ", "b" * 330]), max_size=30).map("".join)


def texts(found: list[Stretch]) -> list[str]:
    return [one.text for one in found]


@given(text=TEXTS, cuts=CUTS)
def test_the_cuts_depend_on_the_text_alone(text: str, cuts: list[int]) -> None:
    growing = Stretches()
    pieces = [one for piece in cut(text, cuts) for one in growing.feed(piece)]
    assert [*pieces, *growing.feed("", last=True)] == stretches_of(text)
    by_character = Stretches()
    assert [one for piece in text for one in by_character.feed(piece)] + by_character.feed(
        "", last=True) == stretches_of(text)


@given(text=TEXTS)
def test_stretches_are_all_of_the_text_in_order_and_bounded(text: str) -> None:
    found = stretches_of(text)
    assert "".join(texts(found)) == text
    data = text.encode()
    for one in found:
        assert data[one.start : one.end].decode() == one.text
        assert text[one.characters : one.characters + len(one.text)] == one.text
        assert 0 < len(one.text) <= MOST_CHARACTERS
        assert len(one.context) <= CONTEXT_CHARACTERS
        assert text[: one.characters].endswith(one.context)
    assert all(len(one.text) >= LEAST_CHARACTERS for one in found[:-1])


@pytest.mark.parametrize(("text", "expected"), [
    ("", []),
    ("Short.", ["Short."]),
    ("Pi is 3.14159 and a bit, as everybody knows. And e is not.",
     ["Pi is 3.14159 and a bit, as everybody knows. ", "And e is not."]),
    ('He said that there were "thirty-nine of them!" Nobody believed it.',
     ['He said that there were "thirty-nine of them!" ', "Nobody believed it."]),
    ("Yes. No. Yes and no, depending on the weather. Perhaps.",
     ["Yes. No. Yes and no, depending on the weather. ", "Perhaps."]),
    ("a list of things that goes on for a while\n- one\n", ["a list of things that goes on for a while\n", "- one\n"]),
    ("本日は晴天なり。" * 6, ["本日は晴天なり。" * 5, "本日は晴天なり。"]),
    ("x" * 301, ["x" * 300, "x"]),
    ("x" * 200 + " " + "y" * 200, ["x" * 200 + " ", "y" * 200]),
])
def test_where_a_stretch_ends(text: str, expected: list[str]) -> None:
    assert texts(stretches_of(text)) == expected


def test_a_stretch_is_told_by_the_blank_after_its_sentence_and_not_before() -> None:
    growing = Stretches()
    assert growing.feed("It is a sentence with more than forty letters.") == []
    assert texts(growing.feed(" The")) == ["It is a sentence with more than forty letters. "]
