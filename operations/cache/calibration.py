"""Calibration: from which similarity on two questions may be taken for the same, by pairs of which that is known.

A *hit* is a pair that the cache would take for the same; a hit of two questions that are not the same is false. What is
bounded is the share of false ones among hits.

The threshold is chosen by the pairs that also prove it, and the promise holds all the same: by fixed-sequence testing,
one of the procedures of Angelopoulos, Bates, Candès, Jordan and Lei, "Learn then Test: calibrating predictive
algorithms to achieve risk control", 2021. Thresholds are tested from the strictest to the most lenient, each against
the hypothesis that more of its hits are false than the bound allows, by the exact binomial test; the first that is not
rejected ends it. So the chance of naming any threshold that breaks the bound is 1 - confidence at most, for pairs drawn
one by one from the traffic that is meant. Where the sequence begins may depend on the similarities, not on the answers:
at the strictest threshold that has as many hits as it takes to prove the bound without a false one.
"""

from collections.abc import Sequence
from math import ceil, log

import msgspec

from guardrails.evaluation.intervals import Interval, binomial_up_to, clopper_pearson_upper

STRICTEST, STEPS, STEP = 0.995, 100, 0.005  # down to 0.5


class Measured(msgspec.Struct, frozen=True):
    """A pair: its similarity, whether its traits are equal, and whether it is the same question."""

    similarity: float
    alike: bool
    same: bool


class Share(msgspec.Struct, frozen=True):
    """A count of a whole, and between what the true share lies with the confidence that was asked for (Clopper and
    Pearson, 1934)."""

    part: int
    whole: int
    share: float
    interval: Interval


class Step(msgspec.Struct, frozen=True):
    """What a threshold comes to. ``chance``: of so few false hits, were the bound broken; ``proven``: it is small
    enough, here and at every stricter threshold that was tested."""

    threshold: float
    false: Share
    found: Share
    chance: float
    proven: bool


class Choice(msgspec.Struct, frozen=True):
    """``chosen`` is the most lenient threshold that is proven; None where the pairs prove none. ``hits_needed`` without
    a false one would; ``hits`` are those that the pairs have at the most lenient threshold."""

    chosen: Step | None
    steps: list[Step]
    hits: int
    hits_needed: int


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """``guarded`` is what the cache does; ``bare``, what it would do by vectors alone."""

    bound: float
    confidence: float
    pairs: int
    same: int
    unfit: int  # pairs of which a text is never looked for in other words
    guarded: Choice
    bare: Choice


def calibrate(pairs: Sequence[Measured], bound: float, confidence: float, unfit: int = 0) -> Calibration:
    """``pairs`` are those that are fit."""
    return Calibration(
        bound=bound, confidence=confidence, pairs=len(pairs), same=sum(pair.same for pair in pairs), unfit=unfit,
        guarded=choose(pairs, bound, confidence, guarded=True), bare=choose(pairs, bound, confidence, guarded=False))


def choose(pairs: Sequence[Measured], bound: float, confidence: float, *, guarded: bool) -> Choice:
    needed = hits_needed(bound, confidence)
    steps: list[Step] = []
    proven = True
    for number in range(STEPS):
        step = step_at(pairs, round(STRICTEST - number * STEP, 3), confidence, bound, guarded=guarded)
        tested = step.false.whole >= needed
        proven = proven and (not tested or step.chance <= 1 - confidence)
        steps.append(msgspec.structs.replace(step, proven=tested and proven))
    chosen = next((step for step in reversed(steps) if step.proven), None)
    return Choice(chosen, steps, steps[-1].false.whole, needed)


def step_at(pairs: Sequence[Measured], threshold: float, confidence: float, bound: float = 1.0, *,
            guarded: bool = True) -> Step:
    """What the threshold comes to, proven or not."""
    hits = [pair for pair in pairs if pair.similarity >= threshold and (pair.alike or not guarded)]
    found = sum(pair.same for pair in hits)
    same = sum(pair.same for pair in pairs)
    return Step(threshold, share_of(len(hits) - found, len(hits), confidence), share_of(found, same, confidence),
                binomial_up_to(len(hits) - found, len(hits), bound), False)


def share_of(part: int, whole: int, confidence: float) -> Share:
    """Two-sided: half of what is left beside the confidence lies on each side."""
    side = 1 - (1 - confidence) / 2
    interval = Interval(1 - clopper_pearson_upper(whole - part, whole, side), clopper_pearson_upper(part, whole, side))
    return Share(part, whole, part / whole if whole else 0.0, interval)


def hits_needed(bound: float, confidence: float) -> int:
    """So many hits without a false one prove the bound: (1 - bound)^n is then 1 - confidence at most."""
    return ceil(log(1 - confidence) / log(1 - bound) - 1e-9)
