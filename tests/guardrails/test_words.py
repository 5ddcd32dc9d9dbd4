"""The operator's own lists are found as they were meant: whole words, phrases however they are spaced, and patterns."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.detectors.words import Words
from guardrails.patterns.scanner import Scanner
from guardrails.patterns.window import Window
from tests.guardrails.pieces import CUTS, cut, found, scanned


def denied(text: str, *deny: str, whole_words: bool = True) -> list[str]:
    return [what for label, what in found(list(Words(deny, whole_words=whole_words).patterns), text)
            if label == "DENIED_WORD"]


def test_words_are_found_whatever_their_case() -> None:
    assert denied("Falcon, FALCON and Été", "falcon", "éTÉ") == ["Falcon", "FALCON", "Été"]


@pytest.mark.parametrize("text", ["falcons", "éfalcon", "falconé", "falcon_9", "falcon9", "日falcon", "falcon\u0301"])
def test_a_word_is_found_only_as_a_whole_in_any_script(text: str) -> None:
    assert denied(text, "falcon") == []
    assert denied(text, "falcon", whole_words=False) == ["falcon"]


@pytest.mark.parametrize("text", ["(café)", "café", "un café.", "café—noir", "«café»"])
def test_a_word_that_ends_in_a_letter_of_no_ascii_is_whole_before_what_is_no_letter(text: str) -> None:
    assert denied(text, "café") == ["café"]
    assert denied(text.replace("café", "caféx"), "café") == []


def test_a_word_of_symbols_has_no_edges() -> None:
    assert denied("learn c++11 and x$$$", "c++", "$$$") == ["c++", "$$$"]


def test_a_blank_of_a_phrase_is_any_few_blanks_and_newlines() -> None:
    assert denied("project\n  falcon, project\u00a0falcon, projectfalcon", "project falcon") == [
        "project\n  falcon", "project\u00a0falcon"]


def test_of_words_that_begin_alike_the_longer_is_found() -> None:
    assert denied("project falcon x", "project falcon", "project falcon x") == ["project falcon x"]


def test_what_a_pattern_finds_is_labelled_by_its_place() -> None:
    patterns = list(Words(["x"], [r"\bT-\d{4}\b", r"(?i)case (?P<found>[a-z]{3})"]).patterns)
    assert found(patterns, "T-1234 of Case abc") == [("PATTERN_0", "T-1234"), ("PATTERN_1", "abc")]


@pytest.mark.parametrize(("regex", "reason"), [
    ("a+", "bound its repetitions"), (r"(a)\1", "linear time"), ("(?=a)b", "linear time"), ("(a", "not a regular"),
    ("a?", "empty text"), ("[a-z]{1,600}", "at most 512"), (r"\Aa\u0041", "not a regular expression of RE2"),
])
def test_a_pattern_that_cannot_be_used_is_refused_with_its_place_and_the_reason(regex: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r"^patterns\[1\] ") as raised:
        Words(patterns=["fine", regex])
    assert reason in str(raised.value)


@pytest.mark.parametrize(("word", "reason"), [("  ", "empty"), ("x" * 600, "too long"), ("a " * 80, "too long")])
def test_a_word_that_cannot_be_used_is_refused_with_its_place(word: str, reason: str) -> None:
    with pytest.raises(ValueError, match=rf"deny\[1\] is {reason}"):
        Words(["fine", word])


FEW = Words(["ab", "a b", "ba a", "éa", "aé b", "b+"], [r"b{2,3}\b"])
MANY = Words([*(f"w{number}" for number in range(300)), *(f"a b{number}" for number in range(300)), "ab", "a b", "éa"])
SCANNERS = [Scanner(FEW.patterns), Scanner(MANY.patterns)]


@settings(max_examples=300, deadline=None)
@given(text=st.text(alphabet="aabbw12+ é\n", max_size=40), cuts=CUTS)
def test_any_split_of_a_text_finds_the_same_words(text: str, cuts: list[int]) -> None:
    for scanner in SCANNERS:
        whole = scanned(scanner, [text])
        assert scanned(scanner, cut(text, cuts)) == whole
        assert scanned(scanner, list(text)) == whole


def test_ten_thousand_words_delay_a_stream_by_the_current_word_alone() -> None:
    window = Window(Scanner(Words([f"word{number}x" for number in range(10_000)]).patterns))
    window.feed(b"An ordinary sentence with some wor")
    assert window.decided == len("An ordinary sentence with some")
    assert window.feed(b"d123x in it") != ()
