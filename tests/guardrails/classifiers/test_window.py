"""Windows over a long text: all of it is read, each place believed once, and never only at a window's edge."""

import random

import pytest

from guardrails.classifiers.window import OVERLAP, SIZE, spread, windows_of


def text_of(chance: random.Random, length: int) -> str:
    return "".join(chance.choice("abcdefgh  \n") for _ in range(length))


@pytest.mark.parametrize("length", [1, SIZE, SIZE + 1, 2 * SIZE, 5000, 20_000])
@pytest.mark.parametrize("alphabet", ["words", "one word"])
def test_windows_cover_the_text_and_each_place_is_believed_in_one_of_them(length: int, alphabet: str) -> None:
    text = text_of(random.Random(length), length) if alphabet == "words" else "x" * length
    windows = windows_of(text)
    assert [window.first for window in windows] == [0, *(window.last for window in windows[:-1])]
    assert windows[-1].last == windows[-1].end == length
    assert all(window.end - window.start <= SIZE for window in windows)
    assert all(window.start <= window.first < window.last <= window.end for window in windows)


def test_what_is_believed_has_context_on_both_sides() -> None:
    windows = windows_of("a" * 3000)
    assert all(window.first - window.start >= OVERLAP // 2 for window in windows[1:])
    assert all(window.end - window.last >= OVERLAP // 2 for window in windows[:-1])


def test_cuts_stand_at_blanks_where_there_are_some() -> None:
    text = "word " * 600
    assert all(text[window.start - 1] == text[window.last - 1] == " " for window in windows_of(text)[1:-1])


def test_an_empty_text_has_no_window() -> None:
    assert windows_of("") == []
    assert spread(0, 510, 64) == []


@pytest.mark.parametrize("count", [1, 510, 511, 1440, 5000])
def test_tokens_are_spread_alike(count: int) -> None:
    parts = spread(count, 510, 64)
    assert [part.first for part in parts] == [0, *(part.last for part in parts[:-1])]
    assert parts[-1].last == count
    assert all(part.end - part.start <= 510 for part in parts)
