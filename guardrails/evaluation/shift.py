"""Shift: how far one sample of scores lies from another. Rows of score 0, which have no finding, are a part of both."""

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence

import msgspec

from guardrails.evaluation.calibration import equal_parts
from guardrails.evaluation.ranking import Sample, Step

PARTS = 10
CUSTOMARY_PSI = 0.2

Counts = Sequence[tuple[float, int]]  # each score and how often it was, from the highest down


class Part(msgspec.Struct, frozen=True):
    """How many rows of each sample score up to ``high``, and more than the part below it ends with."""

    high: float
    before: int
    after: int


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """psi            the population stability index: see ``stability``
    psi_by_chance     what 19 of 20 pairs of samples of these sizes stay below where nothing has changed
    ks                the largest distance between the shares of rows up to a score
    ks_p              how likely as large a one is where nothing has changed and the samples are independent
    """

    parts: list[Part]
    psi: float
    psi_by_chance: float
    ks: float
    ks_p: float


def shift(before: Sample, after: Sample) -> Shift | None:
    """None where one of them is empty."""
    if not len(before) or not len(after):
        return None
    one, other = before.counts(), after.counts()
    parts = list(parted(one, other))
    distance = ks_distance(one, other)
    return Shift(parts=parts, psi=stability(parts), psi_by_chance=by_chance(len(parts), len(before), len(after)),
                 ks=distance, ks_p=ks_p_value(distance, len(before), len(after)))


def parted(before: Counts, after: Counts) -> Iterator[Part]:
    """Rows without a finding by themselves; the others in parts of about equal numbers of rows of ``before``. What
    scores more than any of those is in the last part."""
    found = [Step(score, times, 0) for score, times in before if score > 0]
    highs = [part[-1].score for part in equal_parts(found, PARTS)] or [1.0]
    edges = [0.0, *highs[:-1], math.inf]
    shares = zip(_in_parts(before, edges), _in_parts(after, edges), strict=True)
    for high, (one, other) in zip([0.0, *highs], shares, strict=True):
        if one or other:
            yield Part(high, one, other)


def _in_parts(counts: Counts, edges: list[float]) -> list[int]:
    rows = [0] * len(edges)
    for score, times in counts:
        rows[bisect_left(edges, score)] += times
    return rows


def stability(parts: Sequence[Part]) -> float:
    """The population stability index: the sum of (share after - share before) x ln(share after / share before), which
    is the divergence of Jeffreys, "An invariant form for the prior probability in estimation problems", 1946. Half a
    row is added to each part, so that an empty one has a logarithm. As the custom goes, less than 0.1 is little, and
    more than 0.25 (Lewis, "An Introduction to Credit Scoring", 1994), or 0.2 in the stricter use, much."""
    before, after = (sum(counts) + len(parts) / 2 for counts in zip(*((one.before, one.after) for one in parts),
                                                                    strict=True))
    shares = (((one.before + 0.5) / before, (one.after + 0.5) / after) for one in parts)
    return math.fsum((new - old) * math.log(new / old) for old, new in shares)


def by_chance(parts: int, before: int, after: int) -> float:
    """The 95 % quantile of the index where nothing has changed: that of chi-square times (1/n + 1/m). Yurdakul,
    "Statistical properties of population stability index", 2018."""
    return chi_square_95(parts - 1) * (1 / before + 1 / after) if parts > 1 else 0.0


def chi_square_95(degrees: int) -> float:
    """To about one part in a hundred: Wilson and Hilferty, "The distribution of chi-square", 1931."""
    spread = 2 / (9 * degrees)
    return degrees * (1 - spread + 1.6448536269514722 * math.sqrt(spread)) ** 3


def ks_distance(before: Counts, after: Counts) -> float:
    """The statistic of Kolmogorov and Smirnov for two samples."""
    one_all, other_all = sum(times for _, times in before), sum(times for _, times in after)
    other_left, index, one = other_all, 0, one_all
    farthest = 0.0
    for score, times in before:
        while index < len(after) and after[index][0] > score:
            other_left -= after[index][1]
            index += 1
            farthest = max(farthest, abs(one / one_all - other_left / other_all))
        if index < len(after) and after[index][0] == score:
            other_left -= after[index][1]
            index += 1
        one -= times
        farthest = max(farthest, abs(one / one_all - other_left / other_all))
    return farthest


def ks_p_value(distance: float, before: int, after: int) -> float:
    """For large samples; where scores tie the true one is smaller. Stephens, "Use of the Kolmogorov-Smirnov,
    Cramér-von Mises and related statistics without extensive tables", 1970."""
    root = math.sqrt(before * after / (before + after))
    scaled = (root + 0.12 + 0.11 / root) * distance
    if scaled < 0.2:  # the series gives 1 to the last digit, and takes long to do so
        return 1.0
    terms = ((-1) ** (k - 1) * math.exp(-2 * (k * scaled) ** 2) for k in range(1, 101))
    return min(1.0, max(0.0, 2 * math.fsum(terms)))
