"""What workers remember together, in a real Redis: believed only with its signature, waited for hardly at all."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateway.cache.breaker import SECONDS
from gateway.cache.shared import Shared
from gateway.config.cache_url import CacheURL
from gateway.telemetry.logs import Log
from tests.gateway.cache.hand import House, answer, turns
from tests.gateway.exchanges import KEYS, HandClock
from tests.redis import RedisServer

PLACE = b"f" * 32


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"), password="open sesame")
    yield server
    server.stop()


class Layer:
    """One worker's way to the server."""

    def __init__(self, server: RedisServer, key: bytes = KEYS.cache, look_seconds: float = 10) -> None:
        self.clock = HandClock()
        self.log = io.StringIO()
        redis = CacheURL.parse(server.url.replace(" ", "%20")).redis
        assert redis is not None
        self.shared = Shared(redis, key, self.clock.time, Log(self.log, "debug"), look_seconds=look_seconds)

    async def kept(self, place: str, payload: bytes, fingerprint: bytes = PLACE) -> None:
        self.shared.keep(fingerprint, place, payload, 60)
        await self.shared.settled()


@pytest.fixture
async def layer(server: RedisServer) -> AsyncIterator[Layer]:
    with server.client() as client:
        client.flushall()
    layer = Layer(server)
    yield layer
    await layer.shared.close()


async def test_what_one_keeps_another_finds(layer: Layer, server: RedisServer) -> None:
    await layer.kept("a", b"payload \xff")
    other = Layer(server)
    assert await other.shared.get(PLACE, "a") == b"payload \xff"
    assert await other.shared.get(PLACE, "b") is None
    await other.shared.close()


async def test_every_flipped_byte_is_a_miss_and_an_alarm(layer: Layer, server: RedisServer) -> None:
    await layer.kept("a", b"payload")
    with server.client() as client:
        stored = client.get("a")
        assert isinstance(stored, bytes)
        for index in range(len(stored)):
            flipped = bytearray(stored)
            flipped[index] ^= 1
            client.set("a", bytes(flipped))
            assert await layer.shared.get(PLACE, "a") is None
        client.set("a", stored)
    assert await layer.shared.get(PLACE, "a") == b"payload"
    assert layer.shared.forged == len(stored) - 1  # one byte tells the format: that of another release is only a miss
    assert "cache_entry_forged" in layer.log.getvalue()


async def test_an_entry_in_anothers_place_is_forged(layer: Layer) -> None:
    await layer.kept("a", b"payload")
    assert await layer.shared.get(b"g" * 32, "a") is None
    assert layer.shared.forged == 1


async def test_an_entry_of_another_installation_is_forged(layer: Layer, server: RedisServer) -> None:
    await layer.kept("a", b"payload")
    other = Layer(server, key=b"another" * 4)
    assert await other.shared.get(PLACE, "a") is None
    assert other.shared.forged == 1
    await other.shared.close()


async def test_entries_have_an_end(layer: Layer, server: RedisServer) -> None:
    await layer.kept("a", b"payload")
    with server.client() as client:
        assert client.ttl("a") in range(1, 61)


@pytest.mark.parametrize("away", ["stopped", "paused"])
async def test_a_server_that_is_away_is_a_miss_and_left_alone_for_a_while(away: str, tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    layer = Layer(server, look_seconds=0.3)
    await layer.kept("a", b"payload")
    (server.stop if away == "stopped" else server.pause)()
    assert await layer.shared.get(PLACE, "a") is None
    assert (layer.shared.available, layer.shared.failures) == (False, 1)
    layer.shared.keep(PLACE, "b", b"x", 60)
    await layer.shared.settled()
    assert (layer.shared.not_kept, layer.shared.failures) == (1, 1)
    (server.start if away == "stopped" else server.resume)()
    layer.clock.now += SECONDS
    assert layer.shared.available
    assert await layer.shared.get(PLACE, "a") == (None if away == "stopped" else b"payload")
    assert layer.shared.available
    assert [event for event in ("cache_away", "cache_back") if event in layer.log.getvalue()] == [
        "cache_away", "cache_back"]  # fmt: skip
    await layer.shared.close()
    server.stop()


async def test_while_it_is_tried_again_only_one_asks(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    layer = Layer(server, look_seconds=0.3)
    await layer.shared.connect()
    server.pause()
    await layer.shared.get(PLACE, "a")
    layer.clock.now += SECONDS
    task = asyncio.ensure_future(layer.shared.get(PLACE, "a"))
    await turns()
    assert not layer.shared.available
    await task
    server.resume()
    await layer.shared.close()
    server.stop()


async def test_two_workers_share_what_either_was_answered(layer: Layer, server: RedisServer, tmp_path: Path) -> None:
    other = Layer(server)
    first, second = House(tmp_path / "a", layer.shared), House(tmp_path / "b", other.shared)
    client = first.ask(stream=True)
    await _until_asked(first)
    answer(first.calls[0], "Good", " day")
    await layer.shared.settled()
    clients = [second.ask(stream=True) for _ in range(3)]
    while not all(client.wire.writes for client in clients):
        await turns()
    assert {client.cache for client in clients} == {"hit"}
    assert {one.wire.body for one in clients} == {client.wire.body}
    assert (second.calls, second.recall.flights) == ([], 0)
    assert second.ask(stream=True).cache == "hit"  # from its own memory now
    await other.shared.close()


async def test_a_leader_that_leaves_while_it_looks_lets_the_next_lead(layer: Layer, tmp_path: Path) -> None:
    house = House(tmp_path, layer.shared)
    leader, follower = house.ask(stream=True), house.ask(stream=True)
    leader.leave()
    await _until_asked(house)
    answer(house.calls[0], "Good")
    await turns()
    assert (follower.cache, house.calls[0].exchange) == ("miss", follower.exchange)


async def test_what_lies_there_is_not_the_question(layer: Layer, server: RedisServer, tmp_path: Path) -> None:
    """Nor does its place tell who asked."""
    house = House(tmp_path, layer.shared)
    house.ask("a secret question", tenant="the-bank")
    await _until_asked(house)
    answer(house.calls[0], "Good")
    await layer.shared.settled()
    with server.client() as client:
        [place] = client.keys()
        stored = client.get(place)
    assert isinstance(stored, bytes)
    assert b"question" not in stored
    assert b"bank" not in place


async def test_entries_are_removed_by_what_they_are_of(layer: Layer, server: RedisServer, tmp_path: Path) -> None:
    house = House(tmp_path, layer.shared)
    for number, tenant in enumerate(("a", "b", "b")):
        house.ask(f"question {number}", tenant=tenant)
        while len(house.calls) <= number:
            await turns()
        answer(house.calls[number], "Good")
    await layer.shared.settled()
    assert await layer.shared.remove_where(lambda entry: entry.tenant == "b") == 2
    with server.client() as client:
        assert len(client.keys()) == 1


async def _until_asked(house: House) -> None:
    while not house.calls:
        await turns()
