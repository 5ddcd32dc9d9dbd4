"""Findings meet spans of their own label: at the same characters, or where they overlap."""

from guardrails.evaluation.matching import distinct, exact, match, overlapping
from guardrails.evaluation.row import Span
from guardrails.finding import Finding


def found(start: int, end: int, label: str = "EMAIL", score: float = 0.9, detector: str = "d") -> Finding:
    return Finding(detector, label, start, end, score)


def test_a_span_is_met_exactly_or_not_at_all() -> None:
    spans, findings = [Span(0, 5, "EMAIL"), Span(8, 12, "EMAIL")], [found(0, 5), found(8, 11)]
    assert match(spans, findings, exact) == ([0.9, 0.0], [(0.9, True), (0.9, False)])


def test_a_character_in_common_is_an_overlap_and_touching_is_none() -> None:
    assert match([Span(0, 5, "EMAIL")], [found(4, 9)], overlapping) == ([0.9], [(0.9, True)])
    assert match([Span(0, 5, "EMAIL")], [found(5, 9)], overlapping) == ([0.0], [(0.9, False)])


def test_another_label_meets_nothing() -> None:
    assert match([Span(0, 5, "PHONE")], [found(0, 5)], overlapping) == ([0.0], [(0.9, False)])


def test_one_finding_may_meet_two_spans_and_the_surest_counts_for_a_span() -> None:
    assert match([Span(0, 3, "EMAIL"), Span(4, 7, "EMAIL")], [found(0, 7, score=0.4), found(0, 3, score=0.8)],
                 overlapping) == ([0.8, 0.4], [(0.4, True), (0.8, True)])


def test_what_two_detectors_find_is_one_finding() -> None:
    twice = [found(0, 5, score=0.6), found(0, 5, score=0.9, detector="other"), found(0, 6)]
    assert distinct(twice) == [twice[1], twice[2]]
