"""However a text is cut into pieces, the window finds in it what it finds in the whole."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.patterns.pattern import LONGEST_MATCH, Candidate, Pattern
from guardrails.patterns.scanner import Cluster, Scanner
from guardrails.patterns.window import Window


def _even(candidate: Candidate) -> float:
    return 1.0 if len(candidate.found) % 2 == 0 else 0.0


def _after_a(candidate: Candidate) -> float:
    return 1.0 if candidate.before.endswith((b"a", b"a ")) else 0.0


# A small alphabet, so that random text is full of matches, near misses and overlaps.
SETS = {
    "words": [Pattern("AB", r"\bab{1,3}\b"), Pattern("MAIL", r"[ab]{1,6}@[ab]{1,4}(?:\.[ab]{2,3})?\b")],
    "checks": [Pattern("EVEN", r"a{1,7}", check=_even), Pattern("AFTER", r"b{2,5}", check=_after_a)],
    "tails": [Pattern("KEY", r"@ab", tail="[a ]"), Pattern("BAB", r"b @?a"), Pattern("LONG", r"b{2}", tail="[b@]")],
    "choices": [Pattern("ONE", r"(?:a|ab|abab)(?:@|b@)?"), Pattern("LAZY", r"b{1,4}?@"), Pattern("AT", r"@ {0,2}@")],
    "groups": [Pattern("INNER", r"(?i)(?:^|[^ab])(?P<found>a{2,3})(?: |\.)"), Pattern("DOT", r"\.[^a]{0,3}\.")],
    "wide": [Pattern("E", "é{1,2}a"), Pattern("ANY", r"a.b")],
}
SCANNERS = {name: Scanner(patterns) for name, patterns in SETS.items()}
TEXTS = st.text(alphabet="aabb@. é\n", max_size=40)


def joined(clusters: list[Cluster]) -> list[tuple[int, int, list[tuple[int, ...]]]]:
    """Clusters with their tails put together again: where they begin and end, and what matched."""
    whole: list[tuple[int, int, list[tuple[int, ...]]]] = []
    for cluster in clusters:
        if cluster.goes_on:
            start, _, matches = whole.pop()
            whole.append((start, cluster.end, matches))
        else:
            whole.append((cluster.start, cluster.end, [
                (match.start, match.end, match.found_start, match.pattern, int(match.score))
                for match in cluster.matches]))
    return whole


def in_pieces(scanner: Scanner, pieces: list[str]) -> list[Cluster]:
    window = Window(scanner)
    found: list[Cluster] = []
    for piece in pieces:
        before = window.decided
        clusters = window.feed(piece.encode())
        for cluster in clusters:
            assert before <= cluster.start <= cluster.end <= window.decided
        found.extend(clusters)
    found.extend(window.feed(b"", last=True))
    return found


@pytest.mark.parametrize("name", SETS)
@settings(max_examples=400, deadline=None)
@given(text=TEXTS, cuts=st.lists(st.integers(0, 40), max_size=12))
def test_any_split_of_a_text_finds_what_the_whole_finds(name: str, text: str, cuts: list[int]) -> None:
    scanner = SCANNERS[name]
    whole = joined(list(Window(scanner).feed(text.encode(), last=True)))
    places = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    pieces = [text[first:last] for first, last in pairwise(places)]
    assert joined(in_pieces(scanner, pieces)) == whole
    assert joined(in_pieces(scanner, list(text))) == whole


def test_text_flows_but_for_the_word_that_it_ends_with() -> None:
    window = Window(Scanner([Pattern("MAIL", r"\b[a-z]{1,20}@[a-z]{1,20}\.com\b")]))
    held = []
    fed = ""
    for piece in ("Write to ", "me", ", or ", "bob", "@exam", "ple.com", ".", " Bye"):
        window.feed(piece.encode())
        fed += piece
        held.append(fed[window.decided :])
    assert held == [" ", " me", " ", " bob", " bob@exam", " bob@example.com", " bob@example.com.", " Bye"]


def test_beyond_a_word_only_what_can_become_a_match_is_held_back() -> None:
    window = Window(Scanner([Pattern("ORDER", r"(?i)\bignore (?:all |any ){0,2}(?:rules|orders)\b"),
                             Pattern("CARD", r"\b\d{4}(?: \d{4}){3}\b")]))
    held = []
    fed = ""
    for piece in ("Do not ", "ignore ", "all ", "of ", "4111 ", "1111 ", "1 ", "apple"):
        window.feed(piece.encode())
        fed += piece
        held.append(fed[window.decided :])
    assert held == [" ", "ignore ", "ignore all ", " ", "4111 ", "4111 1111 ", "4111 1111 1 ", " apple"]


def test_the_end_of_a_tail_is_not_waited_for() -> None:
    window = Window(Scanner([Pattern("KEY", r"\bsk-[a-z0-9]{4}", tail="[a-z0-9]")]))
    pieces = [b"key sk-ab12", *[b"cd34" * 20] * 100]
    found = [cluster for piece in pieces for cluster in window.feed(piece)]
    assert [cluster.matches[0].pattern for cluster in found if not cluster.goes_on] == [0]
    assert window.decided == found[-1].end > 7000
    assert [(cluster.start, cluster.end, cluster.goes_on) for cluster in window.feed(b"ef is it")] == [
        (8011, 8013, True)]


@pytest.mark.parametrize("piece", [b"0123456789" * 100, b"a@" * 500, b"key=" * 250, "é@".encode() * 300])
def test_what_is_held_back_is_bounded_whatever_comes(piece: bytes) -> None:
    window = Window(Scanner([Pattern("NUMBER", r"\b\d{9,40}\b"), Pattern("MAIL", r"[a-z]{1,64}@[a-z]{1,64}\.com"),
                             Pattern("PAIR", r"key={1,3}(?:key=){0,3}\w{4,9}")]))
    for fed in range(1, 50):
        window.feed(piece)
        assert fed * len(piece) - window.decided <= 4 * LONGEST_MATCH + len(piece)


@pytest.mark.parametrize("regex", ["a+", "a*", "a{0,3}", "(a", r"(a)\1", "(?=a)b", "a$", "(?m)a", "a{600}"])
def test_a_pattern_that_cannot_be_held_back_for_is_refused(regex: str) -> None:
    with pytest.raises(ValueError, match=r"X: |cannot be matched|not a regular|of the flags"):
        Pattern("X", regex)
