"""A run takes rows one by one and keeps none of them."""

from guardrails.evaluation.run import Run
from tests.guardrails.evaluation.detectors import examiner, row


def test_every_nth_row_is_judged_by_each_detector_alone() -> None:
    run = Run([examiner()], timed_every=3)
    for number in range(7):
        run.take(row("jo@x.com", number=number))
    report = run.evaluations[0].report()
    assert report.latency is not None
    assert report.latency.rows == 7
    assert {one.latency.rows for one in report.detectors.values() if one.latency} == {3}


def test_two_policies_see_the_same_row() -> None:
    run = Run([examiner(name="a"), examiner(name="b")], timed_every=1)
    one, other = run.take(row("jo@x.com"))
    assert one.row is other.row
    assert [evaluation.policy for evaluation in run.evaluations] == ["a", "b"]
