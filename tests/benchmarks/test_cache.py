"""The table of what a hit costs: every row from its own load, ratios within a round."""

import dataclasses

from benchmarks.cache import CACHED, HIT, MISS, PLAIN, WITHOUT, table
from benchmarks.measurement import Reading, Sample
from benchmarks.processes import Memory


def sample(proxy: str, number: int, *, same: float, other: float, alone: float) -> Sample:
    """``same`` and ``other`` are CPU microseconds of a request; 1,000 requests in two seconds."""
    one = Reading("busy", 2, 1000, 0, 0, alone, 0, 0, 0, {"worker": same / 1000}, generator_share=0, foreign_share=0)
    numbered = dataclasses.replace(one, cpu_seconds={"worker": other / 1000})
    return Sample(proxy, number, {"busy": one, "alone": one, "busy, numbered": numbered, "alone, numbered": numbered},
                  {"worker": Memory(10, 12)})


def test_a_hit_is_compared_with_a_miss_and_with_a_bare_reply_of_its_own_round() -> None:
    samples = [
        sample("bare", 1, same=6, other=6, alone=40), sample(PLAIN, 1, same=50, other=50, alone=120),
        sample(CACHED, 1, same=30, other=60, alone=70),
        sample("bare", 2, same=12, other=12, alone=80), sample(PLAIN, 2, same=100, other=100, alone=240),
        sample(CACHED, 2, same=60, other=150, alone=120)]
    assert HIT.cpu_us(samples) == [30, 60]
    assert MISS.cpu_us(samples) == [60, 150]
    assert WITHOUT.rate(samples) == [500, 500]
    told = "\n".join(table(samples))
    assert "of a miss: asked, and remembered: 0.45 (0.40..0.50)" in told
    assert "of no cache: asked: 0.60 (0.60..0.60)" in told
    assert "above a bare 200: 35 (30..40) µs" in told
