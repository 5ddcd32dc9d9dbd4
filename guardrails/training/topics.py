"""Chooses how a cosine becomes a score, for the classifier `topics`.

    python -m guardrails.training.topics

It reads the texts of ``topic_texts``, prints for several cosines how many texts on a topic, and how many on another
topic or on none, lie above; and the line through them that ``guardrails/classifiers/embedding.py`` holds.
"""

import sys
from collections.abc import Iterator
from typing import NamedTuple

from guardrails.classifiers.embedding import CENTRE, SLOPE, Topics, score_of
from guardrails.training.topic_texts import EXAMPLES, OFF, ON


class Pair(NamedTuple):
    """A text and a topic: how near they are, and whether the one is on the other."""

    topic: str
    text: str
    cosine: float
    on: bool


def pairs(topics: Topics) -> Iterator[Pair]:
    """Every text with every topic."""
    import numpy as np

    def vectors(texts: tuple[str, ...]) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
        return np.stack([topics.read(topics.cut(text).pieces)[0] for text in texts])

    texts = [(own, text) for own, written in ON.items() for text in written] + [("", text) for text in OFF]
    known = vectors(tuple(text for _, text in texts))
    for topic, examples in EXAMPLES.items():
        nearest = (known @ vectors(tuple(examples)).T).max(axis=1)
        for (own, text), cosine in zip(texts, nearest.tolist(), strict=True):
            yield Pair(topic, text, cosine, own == topic)


def share(found: list[Pair], on: bool, least: float) -> float:
    """Of the pairs that are on their topic, or that are not, those that are as near as ``least``."""
    own = [pair for pair in found if pair.on == on]
    return sum(pair.cosine >= least for pair in own) / len(own)


def line(found: list[Pair]) -> tuple[float, float]:
    """The logistic line that fits the pairs best, both kinds weighing alike: its centre, and its slope there."""
    import numpy as np

    cosines, on = np.array([pair.cosine for pair in found]), np.array([pair.on for pair in found], float)
    weights = np.where(on > 0, 0.5 / on.sum(), 0.5 / (1 - on).sum())
    slope, offset = 10.0, -4.0
    for _ in range(100):
        likely = 1 / (1 + np.exp(-(slope * cosines + offset)))
        wrong, steep = weights * (likely - on), weights * likely * (1 - likely)
        across = (steep * cosines).sum()
        curve = np.array([[(steep * cosines**2).sum(), across], [across, steep.sum()]])
        step = np.linalg.solve(curve, np.array([(wrong * cosines).sum(), wrong.sum()]))
        slope, offset = slope - step[0], offset - step[1]
    return -offset / slope, slope


def main() -> None:
    found = list(pairs(Topics()))
    out = sys.stdout.write
    out(f"{sum(pair.on for pair in found)} pairs on their topic, {sum(not pair.on for pair in found)} not\n")
    out("cosine  score  on the topic  not on it\n")
    for hundredths in (20, 25, 28, 30, 31, 32, 33, 34, 35, 40, 45, 50, 60):
        least = hundredths / 100
        out(f"{least:.2f}    {score_of(least):.2f}   {share(found, True, least):.3f}         "
            f"{share(found, False, least):.4f}\n")
    centre, slope = line(found)
    out(f"the line that fits best: centre {centre:.3f}, slope {slope:.1f} (in use: {CENTRE}, {SLOPE})\n")


if __name__ == "__main__":
    main()
