"""Balancing: which endpoint of a version takes a request.

Power of two choices (Mitzenmacher 2001): of two endpoints drawn at random the less loaded one. Nearly as even as
asking all of them, and without the herd that follows a single least-loaded one.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar


class Loaded(Protocol):
    """What balancing needs to know of an endpoint."""

    healthy: bool

    @property
    def in_flight(self) -> int: ...


E = TypeVar("E", bound=Loaded)


def choose(endpoints: Sequence[E], random: Callable[[], float]) -> E:
    """Returns one of ``endpoints``, which are not none; ``random`` draws from [0, 1).

    Unhealthy ones are passed over, unless all are: then any may have recovered, and asking is better than refusing.
    """
    if len(endpoints) == 1:
        return endpoints[0]
    candidates = [endpoint for endpoint in endpoints if endpoint.healthy] or endpoints
    count = len(candidates)
    if count == 1:
        return candidates[0]
    first = int(random() * count)
    second = int(random() * (count - 1))
    second += second >= first  # two different ones
    one, other = candidates[first], candidates[second]
    return one if one.in_flight <= other.in_flight else other
