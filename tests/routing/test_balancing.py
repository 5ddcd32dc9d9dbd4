"""Of two servers drawn at random the less loaded one: nearly as even as asking all, and much more even than chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.balancing import choose


class Server:
    def __init__(self, in_flight: int = 0, healthy: bool = True) -> None:
        self.in_flight, self.healthy = in_flight, healthy

    def __repr__(self) -> str:
        return f"{self.in_flight}{'' if self.healthy else ' unhealthy'}"


SERVERS = st.lists(st.builds(Server, st.integers(0, 5), st.booleans()), min_size=1, max_size=8)


@given(SERVERS, st.randoms(use_true_random=False))
def test_an_unhealthy_server_is_asked_only_where_all_are(servers: list[Server], random: Random) -> None:
    chosen = choose(servers, random.random)
    assert chosen in servers
    assert chosen.healthy or not any(server.healthy for server in servers)


@given(SERVERS, st.randoms(use_true_random=False))
def test_the_most_loaded_server_is_never_chosen_over_another(servers: list[Server], random: Random) -> None:
    """Two different ones are drawn: the single most loaded one always loses."""
    healthy = [server for server in servers if server.healthy] or servers
    worst = max(server.in_flight for server in healthy)
    if [server.in_flight for server in healthy].count(worst) == 1 and len(healthy) > 1:
        assert choose(servers, random.random).in_flight < worst


@given(st.integers(2, 8), st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True))
def test_the_two_that_are_drawn_are_different(count: int, one: float, other: float) -> None:
    draws = iter([one, other])
    servers = [Server(in_flight=i) for i in range(count)]
    chosen = choose(servers, lambda: next(draws))
    assert chosen.in_flight < count - 1


@pytest.mark.parametrize("count", [2, 3, 5])
def test_servers_with_the_same_load_are_chosen_alike(count: int) -> None:
    """Chi-square at a fixed seed; with 4 degrees of freedom 18.5 is passed once in a thousand."""
    random, servers = Random(1), [Server() for _ in range(count)]
    counts = Counter(id(choose(servers, random.random)) for _ in range(5000))
    expected = 5000 / count
    assert sum((counts[id(server)] - expected) ** 2 / expected for server in servers) < 18.5


def test_one_server_takes_everything_and_no_draw_is_wasted_on_it() -> None:
    def no_draw() -> float:
        raise AssertionError("nothing is to be drawn")

    only = Server(in_flight=9, healthy=False)
    assert choose([only], no_draw) is only
    healthy = Server()
    assert choose([only, healthy], no_draw) is healthy


def largest_load(pick: Callable[[Sequence[Server], Random], Server], requests: int = 2000, servers: int = 100) -> int:
    """Every request stays; how many has the server that has most?"""
    random, fleet = Random(7), [Server() for _ in range(servers)]
    for _ in range(requests):
        pick(fleet, random).in_flight += 1
    return max(server.in_flight for server in fleet)


def test_two_choices_load_servers_far_more_evenly_than_one() -> None:
    """Mitzenmacher: with one choice the fullest server is above the mean by the root of it, with two by log log n."""
    mean = 2000 / 100
    by_two = largest_load(lambda fleet, random: choose(fleet, random.random))
    by_chance = largest_load(lambda fleet, random: random.choice(fleet))
    assert by_two <= mean + 4
    assert by_chance >= mean + 8
    assert largest_load(lambda fleet, random: min(fleet, key=lambda server: server.in_flight)) == mean


def test_a_slow_server_gets_fewer_requests_without_being_measured() -> None:
    """It answers one where the others answer four; what is in flight tells enough."""
    random, fleet, taken = Random(3), [Server() for _ in range(5)], Counter[int]()
    slow = fleet[0]
    for turn in range(4000):
        chosen = choose(fleet, random.random)
        chosen.in_flight += 1
        taken[id(chosen)] += 1
        for server in fleet:
            if server.in_flight and (server is not slow or turn % 4 == 0):
                server.in_flight -= 1
    others = [taken[id(server)] for server in fleet[1:]]
    assert taken[id(slow)] < 0.8 * min(others)
