"""Drift: what changed between two files of scores, by detector."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from guardrails.evaluation.comparison import difference_interval, mcnemar
from guardrails.evaluation.evaluation import PASSED
from guardrails.evaluation.intervals import Interval, Z, newcombe
from guardrails.evaluation.pairing import Pairing
from guardrails.evaluation.ranking import Sample
from guardrails.evaluation.score_line import ScoreLine
from guardrails.evaluation.shift import Shift, shift

THRESHOLDS = (0.25, 0.5, 0.75, 0.9)


class ShareChange(msgspec.Struct, frozen=True, kw_only=True):
    """A share of the rows of each file, and the interval of ``change`` for independent samples."""

    before: int
    after: int
    share_before: float
    share_after: float
    change: float
    interval: Interval


class PairedChange(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the same rows. ``began``: rows that are acted on now and were not; ``ended`` the other way round.
    ``p_value``: how likely so lopsided a count is by chance."""

    rows: int
    began: int
    ended: int
    acted_change_interval: Interval
    p_value: float
    mean_change: float
    mean_change_interval: Interval


class DetectorDrift(msgspec.Struct, frozen=True, kw_only=True):
    """acted     rows with a finding that the policy acted on
    at_or_above  rows by thresholds
    labels       rows by the labels that the policy acted on
    paired       None where the rows are not the same
    drifted      whether the index is above the bound
    """

    shift: Shift
    mean_before: float
    mean_after: float
    acted: ShareChange
    at_or_above: dict[float, ShareChange]
    labels: dict[str, ShareChange]
    paired: PairedChange | None
    drifted: bool


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """``why_unpaired`` says why the rows are not taken for the same: empty where they are."""

    rows_before: int
    rows_after: int
    bound: float
    pairs: int
    why_unpaired: str
    outcomes: dict[str, ShareChange]
    detectors: dict[str, DetectorDrift]

    @property
    def drifted(self) -> list[str]:
        return [name for name, one in self.detectors.items() if one.drifted]


class _Side:
    """One detector in one file."""

    def __init__(self) -> None:
        self.sample = Sample()
        self.acted = 0
        self.labels: Counter[str] = Counter()
        self.total = 0.0

    def add(self, score: float, acted: bool, labels: Iterable[str]) -> None:
        self.sample.add(score)
        self.acted += acted
        self.labels.update(labels)
        self.total += score


class _Paired:
    """One detector over the same rows. The spread is summed as by Welford, "Note on a method for calculating corrected
    sums of squares and products", 1962."""

    def __init__(self) -> None:
        self.rows = self.began = self.ended = 0
        self.mean = self.squares = 0.0

    def add(self, before: tuple[float, bool], after: tuple[float, bool]) -> None:
        self.began += after[1] and not before[1]
        self.ended += before[1] and not after[1]
        self.rows += 1
        change = after[0] - before[0]
        off = change - self.mean
        self.mean += off / self.rows
        self.squares += off * (change - self.mean)

    def change(self, pairs: int) -> PairedChange | None:
        """Over all pairs, also those in which the detector found nothing on either side: they changed by nothing."""
        share = difference_interval(self.began, self.ended, pairs)
        if share is None:
            return None
        mean = self.mean * self.rows / pairs
        squares = self.squares + self.mean**2 * self.rows * (pairs - self.rows) / pairs
        reach = Z * math.sqrt(squares / max(1, pairs - 1) / pairs)
        return PairedChange(rows=pairs, began=self.began, ended=self.ended, acted_change_interval=share,
                            p_value=mcnemar(self.began, self.ended), mean_change=mean,
                            mean_change_interval=Interval(mean - reach, mean + reach))


class _Detector:
    def __init__(self) -> None:
        self.before, self.after, self.paired = _Side(), _Side(), _Paired()


class Drifting:
    """Takes lines, one pair at a time, and keeps of each the scores above 0, at eight bytes."""

    def __init__(self, pairing: Pairing) -> None:
        self._pairing = pairing
        self._rows = [0, 0]
        self._outcomes: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
        self._detectors: dict[str, _Detector] = {}

    def take(self, before: Iterable[ScoreLine], after: Iterable[ScoreLine]) -> None:
        """Reads both to their ends."""
        for one, other in self._pairing.pair(before, after):
            found = [self._add(side, line) if line is not None else {} for side, line in enumerate((one, other))]
            if one is not None and other is not None:
                for name in found[0].keys() | found[1].keys():
                    self._detectors[name].paired.add(*(side.get(name, (0.0, False)) for side in found))

    def _add(self, index: int, line: ScoreLine) -> dict[str, tuple[float, bool]]:
        """By detector its highest score and whether it was acted on."""
        self._rows[index] += 1
        self._outcomes[index][line.action or PASSED] += 1
        acted = {finding.detector for finding in line.findings if finding.action}
        found = {name: (score, name in acted) for name, score in line.by_detector().items()}
        for name, (score, own) in found.items():
            detector = self._detectors.setdefault(name, _Detector())
            labels = {finding.label for finding in line.findings if finding.detector == name and finding.action}
            (detector.after if index else detector.before).add(score, own, labels)
        return found

    @property
    def rows_before(self) -> int:
        return self._rows[0]

    def report(self, bound: float, thresholds: Sequence[float] = THRESHOLDS) -> Drift | None:
        """None where one of the files has no lines."""
        if not all(self._rows):
            return None
        pairs = 0 if self._pairing.why_not else self._pairing.pairs
        return Drift(
            rows_before=self._rows[0], rows_after=self._rows[1], bound=bound, pairs=pairs,
            why_unpaired=self._pairing.why_not,
            outcomes={name: self._change(self._outcomes[0][name], self._outcomes[1][name])
                      for name in sorted({*self._outcomes[0], *self._outcomes[1]})},
            detectors={name: self._drift(one, bound, thresholds, pairs)
                       for name, one in sorted(self._detectors.items())})

    def _drift(self, one: _Detector, bound: float, thresholds: Sequence[float], pairs: int) -> DetectorDrift:
        before, after = (self._whole(side.sample, rows)
                         for side, rows in zip((one.before, one.after), self._rows, strict=True))
        found = shift(before, after)
        assert found is not None
        labels = {*one.before.labels, *one.after.labels}
        return DetectorDrift(
            shift=found, mean_before=one.before.total / self._rows[0], mean_after=one.after.total / self._rows[1],
            acted=self._change(one.before.acted, one.after.acted),
            at_or_above={threshold: self._change(before.at_or_above(threshold), after.at_or_above(threshold))
                         for threshold in thresholds},
            labels={label: self._change(one.before.labels[label], one.after.labels[label])
                    for label in sorted(labels)},
            paired=one.paired.change(pairs), drifted=found.psi > bound)

    def _whole(self, sample: Sample, rows: int) -> Sample:
        """With the rows in which the detector found nothing, of which it has not heard."""
        sample.add_zeros(rows - len(sample))
        return sample

    def _change(self, before: int, after: int) -> ShareChange:
        interval = newcombe(before, self._rows[0], after, self._rows[1])
        assert interval is not None
        shares = before / self._rows[0], after / self._rows[1]
        return ShareChange(before=before, after=after, share_before=shares[0], share_after=shares[1],
                           change=shares[1] - shares[0], interval=interval)
