"""Texts cut into pieces, and what detectors find in them."""

from itertools import pairwise

from hypothesis import strategies as st

from guardrails.detectors.detector import Watch
from guardrails.finding import Finding
from guardrails.patterns.pattern import Pattern
from guardrails.patterns.scanner import Match, Scanner
from guardrails.patterns.window import Window

CUTS = st.lists(st.integers(0, 2000), max_size=12)


def cut(text: str, places: list[int]) -> list[str]:
    return [text[first:last] for first, last in pairwise([0, *sorted(p for p in places if p < len(text)), len(text)])]


def watched(watch: Watch | None, pieces: list[str]) -> list[Finding]:
    """All that a watch finds, the end of the text told with the last piece."""
    assert watch is not None
    return [finding for place, piece in enumerate(pieces) for finding in watch.feed(piece, place == len(pieces) - 1)]


def scanned(scanner: Scanner, pieces: list[str]) -> list[tuple[str, int, int, float]]:
    """The label, start and end (in bytes) and score of all that is found, each with the whole of its tail."""
    window = Window(scanner)
    clusters = [cluster for piece in pieces for cluster in window.feed(piece.encode())]
    findings: list[Match] = []
    for cluster in [*clusters, *window.feed(b"", last=True)]:
        if cluster.goes_on:
            longer = {match.pattern: match.end for match in cluster.matches}
            findings = [match._replace(found_end=longer[match.pattern])
                        if match.pattern in longer and match.found_end == cluster.start else match
                        for match in findings]
        else:
            findings.extend(match for match in cluster.matches if match.score)
    return [(scanner.patterns[match.pattern].label, match.found_start, match.found_end, match.score)
            for match in findings]


def found(patterns: list[Pattern], text: str) -> list[tuple[str, str]]:
    """Labels and the texts that they stand for."""
    data = text.encode()
    return [(label, data[start:end].decode()) for label, start, end, _ in scanned(Scanner(patterns), [text])]
