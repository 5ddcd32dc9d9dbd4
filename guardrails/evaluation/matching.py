"""Matching: which of the spans that were wanted the findings of a text have met."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from guardrails.evaluation.row import Span
from guardrails.finding import Finding

Meets = Callable[[Span, Finding], bool]


class Match(NamedTuple):
    """For each span the best score that it was found with (0: it was not); for each finding its score, and whether it
    is right."""

    spans: list[float]
    findings: list[tuple[float, bool]]


def exact(span: Span, finding: Finding) -> bool:
    """They begin and end at the same characters."""
    return span.start == finding.start and span.end == finding.end


def overlapping(span: Span, finding: Finding) -> bool:
    """They have a character in common."""
    return span.start < finding.end and finding.start < span.end


def match(spans: Sequence[Span], findings: Sequence[Finding], meets: Meets) -> Match:
    """What meets what, among spans and findings of the same label."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.label, []).append(finding)
    wanted: dict[str, list[Span]] = {}
    for span in spans:
        wanted.setdefault(span.type, []).append(span)
    return Match(
        [max((one.score for one in found.get(span.type, ()) if meets(span, one)), default=0.0) for span in spans],
        [(finding.score, any(meets(span, finding) for span in wanted.get(finding.label, ()))) for finding in findings])


def distinct(findings: Iterable[Finding]) -> list[Finding]:
    """The surest where several detectors found the same: a text is redacted once."""
    surest: dict[tuple[str, int, int], Finding] = {}
    for finding in findings:
        place = finding.label, finding.start, finding.end
        if place not in surest or surest[place].score < finding.score:
            surest[place] = finding
    return list(surest.values())
