"""Texts cut into pieces, and what detectors find in them."""

from itertools import pairwise

from hypothesis import strategies as st

from guardrails.detectors.detector import Watch
from guardrails.finding import Finding
from guardrails.patterns.pattern import Pattern
from guardrails.patterns.scanner import Scanner
from guardrails.patterns.window import Window

CUTS = st.lists(st.integers(0, 2000), max_size=12)


def cut(text: str, places: list[int]) -> list[str]:
    return [text[first:last] for first, last in pairwise([0, *sorted(p for p in places if p < len(text)), len(text)])]


def watched(watch: Watch | None, pieces: list[str]) -> list[Finding]:
    """All that a watch finds, the end of the text told with the last piece."""
    assert watch is not None
    return [finding for place, piece in enumerate(pieces) for finding in watch.feed(piece, place == len(pieces) - 1)]


def scanned(scanner: Scanner, pieces: list[str]) -> list[tuple[str, int, int, float]]:
    """The label, start and end (in bytes) and score of all that is found."""
    window = Window(scanner)
    clusters = [cluster for piece in pieces for cluster in window.feed(piece.encode())]
    return [(scanner.patterns[match.pattern].label, match.found_start, match.found_end, match.score)
            for cluster in [*clusters, *window.feed(b"", last=True)] for match in cluster.matches if match.score]


def found(patterns: list[Pattern], text: str) -> list[tuple[str, str]]:
    """Labels and the texts that they stand for."""
    data = text.encode()
    return [(label, data[start:end].decode()) for label, start, end, _ in scanned(Scanner(patterns), [text])]
