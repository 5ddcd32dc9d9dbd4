"""After a failure: another server of the version, then each fallback, and never one that has failed already."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.exchange import Exchange
from gateway.other_places import OtherPlaces
from gateway.snapshot import Snapshot
from tests.gateway.exchanges import HandClock, endpoints_at, exchange_of, request_of, snapshot_of


def routing(**model: Any) -> dict[str, Any]:
    return {"versions": {"one": {"served_model": "s", "endpoints": ["http://a:1"]},
                         "three": {"served_model": "s", "endpoints": ["http://b:1", "http://b:2", "http://b:3"]},
                         "shares": {"served_model": "s", "endpoints": ["http://a:1", "http://c:1"]}},
            "models": {"m": {"split": {"one": 1, "three": 1}, **model}}}  # fmt: skip


class Case:
    def __init__(self, assigned: str, held: bool = False, **model: Any) -> None:
        self.snapshot: Snapshot = snapshot_of(routing(**model), endpoints_at(HandClock()))
        self.exchange: Exchange = exchange_of(request_of({}), self.snapshot)
        self.exchange.route = self.snapshot.routes["m"]
        self.exchange.record.arm_assigned = assigned
        first = self.exchange.route.targets[assigned].endpoints[0]
        self.exchange.held_endpoint = first if held else None
        self.places = OtherPlaces(self.exchange, first, lambda: 0.0)

    def all(self, *, stale: bool = False) -> list[tuple[str, str]]:
        """Version and server of each place, until there is none."""
        found = []
        while place := self.places.next(stale=stale):
            found.append((place[0].version.name, place[1].url))
        assert self.places.next(stale=stale) is None, "an end is an end"
        return found


async def test_a_version_with_several_servers_is_tried_once_more() -> None:
    assert Case("three").all() in ([("three", "http://b:2")], [("three", "http://b:3")])


async def test_a_version_with_one_server_is_not_tried_again() -> None:
    assert Case("one").all() == []


async def test_a_connection_that_had_been_idle_is_worth_the_same_server_again() -> None:
    """The server had just closed it: it never saw the request."""
    assert Case("one").all(stale=True) == [("one", "http://a:1")]
    assert Case("three").all(stale=True) in ([("three", "http://b:2")], [("three", "http://b:3")])


async def test_each_fallback_comes_once_in_its_order() -> None:
    places = Case("one", fallback=["three", "shares"]).all()
    assert [version for version, _ in places] == ["three", "shares"]
    assert places[1] == ("shares", "http://c:1"), "the server that failed under another version has failed"


async def test_the_version_that_was_assigned_is_no_fallback_of_itself() -> None:
    assert [version for version, _ in Case("one", fallback=["one", "three"]).all()] == ["three"]


async def test_a_fallback_without_an_untried_server_is_passed_over() -> None:
    assert Case("shares", split={"shares": 1}, fallback=["one"]).all() == [("shares", "http://c:1")]


async def test_state_is_nowhere_else() -> None:
    """Only the same server again, where the connection had been idle."""
    assert Case("three", held=True, fallback=["one"]).all() == []
    assert Case("three", held=True, fallback=["one"]).all(stale=True) == [("three", "http://b:1")]


async def test_a_pinned_version_falls_back_nowhere() -> None:
    case = Case("one", fallback=["three"])
    case.exchange.route = case.snapshot.routes["m@one"]
    assert case.all() == []


@pytest.mark.parametrize("healthy", ["http://b:2", "http://b:3"])
async def test_a_healthy_server_is_asked_rather_than_an_unhealthy_one(healthy: str) -> None:
    case = Case("three")
    for endpoint in case.exchange.route.targets["three"].endpoints:
        endpoint.healthy = endpoint.url == healthy
    assert case.all() == [("three", healthy)]
