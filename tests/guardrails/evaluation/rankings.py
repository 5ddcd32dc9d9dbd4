"""Rankings to try statistics on: written by hand, drawn by hypothesis, or sampled with a seed."""

import math
import random
from collections.abc import Iterable

from hypothesis import strategies as st

from guardrails.evaluation.ranking import Ranking, Scores, ranked

Row = tuple[bool, float]

# A few scores, so that many tie; 0 is a row without a finding.
ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 6).map(lambda step: step / 6)), min_size=1, max_size=30)
BY_HAND: list[Row] = [
    (True, .9), (True, .8), (False, .8), (True, .7), (False, .55), (True, .5), (True, .5), (False, .5), (False, .3),
    (True, .2), (False, .1), (False, 0)]


def ranking(rows: Iterable[Row]) -> Ranking:
    scores = Scores()
    for positive, score in rows:
        scores.add(positive, score)
    return ranked([scores])


def sampled(chance: random.Random, positives: int, negatives: int, apart: float = 1.5) -> list[Row]:
    """Scores on the scale of logits, normal, with means that are ``apart``."""
    return [(positive, 1 / (1 + math.exp(-chance.gauss(apart * positive, 1))))
            for positive, count in ((True, positives), (False, negatives)) for _ in range(count)]
