"""Drift is told by detector: how far its scores moved, what that does to decisions, and which rows flipped."""

from collections.abc import Iterable
from statistics import mean, stdev

import pytest

from guardrails.evaluation.comparison import mcnemar
from guardrails.evaluation.drift import Drift, Drifting
from guardrails.evaluation.intervals import newcombe
from guardrails.evaluation.pairing import Pairing
from guardrails.evaluation.row import BadRow
from guardrails.evaluation.score_line import ScoredFinding, ScoreLine, score_lines


def line(row: int, score: float, label: str = "ORDER", detector: str = "injection") -> ScoreLine:
    """A row that is flagged from 0.5 on."""
    action = "flag" if score >= 0.5 else None
    return ScoreLine(row=row, action=action, findings=[ScoredFinding(detector, label, score, action)] if score else [])


def drift(before: Iterable[ScoreLine], after: Iterable[ScoreLine], paired: bool = True) -> Drift:
    drifting = Drifting(Pairing(paired))
    drifting.take(before, after)
    found = drifting.report(0.2)
    assert found is not None
    return found


def test_scores_that_have_not_moved_are_no_drift() -> None:
    rows = [line(row, row % 10 / 10) for row in range(1, 200)]
    found = drift(rows, rows)
    (one,) = found.detectors.values()
    assert (found.drifted, one.shift.psi, one.shift.ks, found.pairs) == ([], 0, 0, 199)
    assert one.paired is not None
    assert (one.paired.began, one.paired.ended, one.paired.mean_change) == (0, 0, 0)


def test_scores_that_have_moved_are_and_say_what_became_of_decisions() -> None:
    before, after = [0.2] * 60 + [0.6] * 40, [0.2] * 20 + [0.6] * 70 + [0.0] * 10
    found = drift((line(row, score) for row, score in enumerate(before, 1)),
                  (line(row, score) for row, score in enumerate(after, 1)))
    one = found.detectors["injection"]
    assert found.drifted == ["injection"]
    assert (one.acted.before, one.acted.after, one.acted.change) == (40, 70, pytest.approx(0.3))
    assert one.acted.interval == newcombe(40, 100, 70, 100)
    assert one.at_or_above[0.5] == one.acted
    assert one.at_or_above[0.25].after == 70
    assert one.labels == {"ORDER": one.acted}
    assert (one.mean_before, one.mean_after) == (pytest.approx(0.36), pytest.approx(0.46))
    assert (found.outcomes["flag"].before, found.outcomes["passed"].after) == (40, 30)


def test_the_same_rows_tell_which_flipped_and_by_how_much_scores_changed() -> None:
    before, after = [0.2, 0.2, 0.6, 0.6, 0.0, 0.9], [0.6, 0.2, 0.6, 0.2, 0.0, 0.9]
    found = drift((line(row, score) for row, score in enumerate(before, 1)),
                  (line(row, score) for row, score in enumerate(after, 1)))
    paired = found.detectors["injection"].paired
    assert paired is not None
    changes = [new - old for old, new in zip(before, after, strict=True)]
    assert (paired.rows, paired.began, paired.ended, paired.p_value) == (6, 1, 1, mcnemar(1, 1))
    assert paired.mean_change == pytest.approx(mean(changes))
    reach = 1.959963984540054 * stdev(changes) / 6**0.5
    assert (paired.mean_change_interval.low, paired.mean_change_interval.high) == (
        pytest.approx(mean(changes) - reach), pytest.approx(mean(changes) + reach))


def test_other_rows_have_no_flips() -> None:
    found = drift([line(1, 0.9)], [line(1, 0.9)], paired=False)
    assert (found.pairs, found.detectors["injection"].paired) == (0, None)
    assert found.why_unpaired


def test_a_detector_that_found_nothing_scored_nothing() -> None:
    """One that was new, or that has gone, drifts from or to no findings at all."""
    found = drift([line(row, 0.0) for row in range(1, 100)], [line(row, 0.7) for row in range(1, 100)])
    one = found.detectors["injection"]
    assert (one.shift.ks, one.acted.before, one.acted.after, one.drifted) == (1.0, 0, 99, True)


def test_a_file_without_lines_has_no_drift() -> None:
    drifting = Drifting(Pairing())
    drifting.take([], [line(1, 0.4)])
    assert drifting.report(0.2) is None


def test_lines_are_as_evaluations_write_them_and_may_be_shorter() -> None:
    written, short, broken = score_lines([
        b'{"row": 2, "label": 1, "source": "letters", "bytes": 12, "findings": [{"detector": "personal_data", "label":'
        b' "PHONE", "start": 14, "end": 22, "score": 0.35, "action": null}], "action": null, "scores":'
        b' {"personal_data": 0.35}, "microseconds": 46.5}', b"\n",
        b'{"row": 3, "findings": [{"detector": "a", "label": "X", "score": 0.2}, {"detector": "a", "label": "Y",'
        b' "score": 0.4}]}', b'{"row": "x"}'])
    assert isinstance(written, ScoreLine)
    assert isinstance(short, ScoreLine)
    assert isinstance(broken, BadRow)
    assert (written.by_detector(), short.by_detector()) == ({"personal_data": 0.35}, {"a": 0.4})
    assert (broken.number, "row" in broken.reason) == (4, True)
