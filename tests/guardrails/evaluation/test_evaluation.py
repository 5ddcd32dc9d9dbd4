"""Rows add up by detector, by label and by source."""

import pytest

from guardrails.evaluation.evaluation import Evaluation, Report
from guardrails.evaluation.row import Row
from guardrails.policy import Policy, PromptRules, Rule, TopicsRule
from tests.guardrails.evaluation.detectors import PLAIN, examiner, row


def report(*rows: Row, policy: Policy = PLAIN) -> Report:
    by = examiner(policy)
    evaluation = Evaluation(by.name, by.side, by.labels)
    for one in rows:
        evaluation.add(by.examine(one))
        evaluation.add_alone(one, by.time_alone(one))
    return evaluation.report()


ROWS = (
    row("jo@x.com here", True, (0, 8, "EMAIL"), source="a"),
    row("mo@x.local here", True, (0, 10, "EMAIL"), source="a"),
    row("key-1234 of Jo", True, (12, 14, "PERSON"), source="b"),
    row("nothing", False, source="b"),
    row("jo@x.com", False, source="b"),
)


def test_a_row_is_found_where_the_policy_acts_on_anything_in_it() -> None:
    found = report(*ROWS)
    rows = found.overall.rows
    assert (rows.positives, rows.positives_found, rows.negatives, rows.negatives_found) == (3, 2, 2, 1)
    assert found.outcomes == {"redact": 2, "passed": 2, "block": 1}
    assert found.rows == 5


def test_each_detector_is_told_by_itself_and_by_source() -> None:
    mail = report(*ROWS).detectors["personal_data"]
    assert mail.labels == ["EMAIL"]
    assert (mail.figures.rows.positives_found, mail.figures.rows.negatives_found) == (1, 1)
    assert (mail.sources["a"].recall, mail.sources["b"].false_alarm_rate) == (0.5, 0.5)
    assert report(*ROWS).sources["b"].rows.precision == 0.5


def test_spans_are_those_of_labels_that_somebody_looks_for_and_the_others_are_told() -> None:
    found = report(*ROWS)
    assert found.overall.exact is not None
    assert (found.overall.exact.wanted, found.overall.exact.met) == (3, 1)
    assert found.covered.exact is not None
    assert (found.covered.exact.wanted, found.covered.exact.met) == (2, 1)
    assert found.not_covered == {"PERSON": 1}
    mail = found.detectors["personal_data"].figures.exact
    assert mail is not None
    assert (mail.wanted, mail.met, mail.found, mail.right) == (2, 1, 2, 1)


def test_each_label_is_told_over_all_rows_and_over_its_own_spans() -> None:
    labels = report(*ROWS).labels
    assert list(labels) == ["EMAIL", "KEY", "PERSON"]
    assert (labels["EMAIL"].rows.recall, labels["EMAIL"].rows.false_alarm_rate) == (pytest.approx(1 / 3), 0.5)
    person = labels["PERSON"].exact
    assert person is not None
    assert (person.wanted, person.recall, person.precision) == (1, 0.0, None)


def test_the_curve_shows_what_a_lower_threshold_would_find() -> None:
    mail = report(*ROWS).detectors["personal_data"]
    assert [(point.threshold, point.recall) for point in mail.row_curve.points] == [
        (0.9, pytest.approx(1 / 3)), (0.3, pytest.approx(2 / 3))]
    assert mail.span_curve is not None
    assert [(point.threshold, point.recall) for point in mail.span_curve.points] == [(0.9, 0.5), (0.3, 1.0)]


def test_the_figures_at_a_threshold_are_those_of_a_policy_that_has_it() -> None:
    low = report(*ROWS, policy=Policy(prompt=PromptRules(personal_data=Rule(action="redact", threshold=0.3))))
    point = report(*ROWS).detectors["personal_data"].row_curve.points[1]
    rows = low.overall.rows
    assert (point.recall, point.precision, point.false_alarm_rate) == (
        rows.recall, rows.precision, rows.false_alarm_rate)


def test_without_spans_there_are_no_figures_of_spans() -> None:
    found = report(row("jo@x.com"), row("nothing", False))
    assert (found.overall.exact, found.detectors["personal_data"].span_curve) == (None, None)


def test_shadow_counts_as_found_it_is_a_trial() -> None:
    found = report(row("jo@x.com"), policy=Policy(prompt=PromptRules(personal_data="shadow")))
    assert found.overall.rows.recall == 1.0
    assert found.outcomes == {"shadow": 1}


def test_failures_are_counted_by_guard() -> None:
    found = report(*ROWS, policy=Policy(prompt=PromptRules(topics=TopicsRule(action="block"))))
    assert found.failures == {"topics": 5}


def test_latency_is_told_of_all_detectors_together_and_of_each_alone() -> None:
    found = report(*ROWS)
    assert found.latency is not None
    assert found.latency.per_row.p50 == 1.0
    assert {name: one.latency.rows for name, one in found.detectors.items() if one.latency} == {
        "personal_data": 5, "secrets": 5, "injection": 5}


def graded(*scores: tuple[str, bool, str]) -> Report:
    """Rows whose score is that many orders, at 0.45 each."""
    return report(*(row(text, positive, source=source) for text, positive, source in scores))


def test_areas_are_told_of_all_rows_and_by_source() -> None:
    orders = graded(("obey obey", True, "a"), ("obey", False, "a"), ("hi", True, "b"), ("hi", False, "b")).detectors[
        "injection"]
    assert orders.areas.auroc is not None
    assert orders.areas.auroc.value == pytest.approx((2 + 0.5) / 4), "a tie is half a win"
    a, b = orders.source_areas["a"].auroc, orders.source_areas["b"].auroc
    assert a is not None
    assert b is not None
    assert (a.value, b.value) == (1.0, 0.5)
    assert orders.calibration is not None
    assert orders.calibration.brier == pytest.approx((0.1**2 + 0.45**2 + 1 + 0) / 4)


def test_labels_have_areas_where_rows_say_theirs() -> None:
    """A row without labels says of a positive row nothing, of a negative one that each label is wrong."""
    rows = (row("jo@x.com", True)._replace(labels=("EMAIL",)), row("jo@x.com", True)._replace(labels=("PERSON",)),
            row("mo@x.local", True)._replace(labels=("EMAIL",)), row("nothing", False), row("jo@x.com", True))
    mail = report(*(one if one.labels or one.positive else one._replace(labels=()) for one in rows)).detectors[
        "personal_data"]
    assert list(mail.label_areas) == ["EMAIL"], "what the detector looks for"
    email = mail.label_areas["EMAIL"]
    assert (email.positives, email.negatives) == (2, 2)
    assert email.auroc is not None
    assert email.auroc.value == pytest.approx((0.5 + 1 + 0 + 1) / 4)
    assert report(*ROWS).detectors["personal_data"].label_areas == {}
