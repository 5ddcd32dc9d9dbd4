"""Vectors that hosts share, in a real Redis with its search module: found in one partition, believed by signature."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np
import pytest

from gateway.cache.breaker import SECONDS
from gateway.cache.entry import Entry
from gateway.cache.purges import Purge
from gateway.cache.semantic.neighbours import Neighbours
from gateway.cache.semantic.shared_neighbours import RedisNeighbours, name_of
from gateway.cache.shared import Shared
from gateway.config.cache_url import CacheURL
from gateway.telemetry.logs import Log
from tests.gateway.cache.hand import House, answer, turns
from tests.gateway.cache.semantic.scripted import ScriptedEmbedders, told
from tests.gateway.cache.semantic.test_neighbours import place, vectors
from tests.gateway.exchanges import KEYS, HandClock
from tests.redis import RedisServer

CACHE: dict[str, Any] = {"ttl": "10m", "semantic": {"threshold": 0.9, "time": "20s"}}
P, Q = b"p" * 32, b"q" * 32
ENTRY = Entry(tenant="t", model="m", version="v1", operation="chat.completions", subject="", exchange_id="e",
              stored_at=0.0, ttl_seconds=60.0, streamed=False, headers=[], frames=[b""])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("stack"), password="open-sesame", search=True)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("plain"))
    yield server
    server.stop()


class Layer:
    """One worker's way to the server."""

    def __init__(self, server: RedisServer, key: bytes = KEYS.cache, look_seconds: float = 10, at: str = "") -> None:
        self.clock = HandClock()
        self.written = io.StringIO()
        self.log = Log(self.written, "debug")
        redis = CacheURL.parse(at or server.url).redis
        assert redis is not None
        self.near = RedisNeighbours(redis, key, self.clock.time, self.log, look_seconds=look_seconds)
        self.shared = Shared(redis, key, self.clock.time, self.log, look_seconds=look_seconds)

    async def kept(self, partition: bytes, vector: bytes, number: int) -> None:
        self.near.keep(partition, vector, place(number), ENTRY)
        await self.near.settled()

    async def close(self) -> None:
        await self.near.close()
        await self.shared.close()

    def said(self, event: str) -> int:
        return self.written.getvalue().count(f'"event":"{event}"')


@pytest.fixture
async def layer(server: RedisServer) -> AsyncIterator[Layer]:
    with server.client() as client:
        client.flushall()
    layer = Layer(server)
    yield layer
    await layer.close()


async def test_what_one_host_keeps_another_finds_in_its_partition(layer: Layer, server: RedisServer) -> None:
    of = vectors(20)
    for number, vector in enumerate(of):
        await layer.kept(P if number % 2 else Q, vector, number)
    other = Layer(server)
    near = await other.near.nearest(P, of[7], 0.9)
    assert near is not None
    assert (near.place, round(near.similarity, 5)) == (place(7), 1.0)
    assert await other.near.nearest(Q, of[7], 0.9) is None
    assert await other.near.nearest(b"r" * 32, of[7], 0.0) is None
    assert await other.near.nearest(P, vectors(1, length=8)[0], 0.0) is None
    await other.close()


async def test_probes_cross_no_partition_on_the_server(layer: Layer) -> None:
    """Each asks in another's partition for the very vector that lies there."""
    of = vectors(40)
    for number, vector in enumerate(of):
        await layer.kept(number.to_bytes(32, "big"), vector, number)
    for number, vector in enumerate(of):
        near = await layer.near.nearest(((number + 1) % 40).to_bytes(32, "big"), vector, -1.0)
        assert near is not None
        assert near.place == place((number + 1) % 40)


FORGERIES = {"vector": vectors(1, seed=9)[0], "place": place(99), "mac": b"0" * 16, "partition": Q.hex()}


@pytest.mark.parametrize("field", FORGERIES)
async def test_what_was_changed_or_moved_is_a_miss_and_told(layer: Layer, server: RedisServer, field: str) -> None:
    [vector] = vectors(1)
    await layer.kept(P, vector, 1)
    with server.client() as client:
        client.hset(name_of(32, place(1)), field, FORGERIES[field])
    assert await layer.near.nearest(Q if field == "partition" else P, vector, -1.0) is None
    assert (layer.near.forged, layer.said("similar_vector_forged")) == (1, 1)


async def test_what_another_installation_put_there_is_not_believed(layer: Layer, server: RedisServer) -> None:
    other = Layer(server, key=b"another key".ljust(32))
    [vector] = vectors(1)
    await other.kept(P, vector, 1)
    assert await layer.near.nearest(P, vector, 0.5) is None
    await other.close()


async def test_it_ends_with_its_entry_and_can_be_removed(layer: Layer, server: RedisServer) -> None:
    one, other = vectors(2)
    await layer.kept(P, one, 1)
    await layer.kept(P, other, 2)
    with server.client() as client:
        assert 0 < client.pttl(name_of(32, place(1))) <= 60_000
    layer.near.remove(P, place(1))
    await layer.near.settled()
    assert await layer.near.nearest(P, one, 0.9) is None
    assert await layer.near.nearest(P, other, 0.9) is not None


async def test_a_purge_sweeps_the_vectors_whose_entries_are_gone(layer: Layer, server: RedisServer) -> None:
    house, other = hosts(server, layer, layer)
    await asked(house, "password how to reset it")
    await asked(house, "password how to reset it", tenant="bank")
    await asyncio.gather(layer.near.settled(), layer.shared.settled())
    with server.client() as client:
        assert len(client.keys("gatewright-similar:*")) == 2
        assert await layer.shared.remove_where(Purge(tenant="bank").matches) == 1
        assert len(client.keys("gatewright-similar:*")) == 1
    assert await asked(other, "password reset it how", tenant="bank") == "miss"
    assert await asked(other, "password reset it how") == "similar"


async def test_two_hosts_answer_each_others_questions(layer: Layer, server: RedisServer) -> None:
    second = Layer(server)
    one, other = hosts(server, layer, second)
    await asked(one, "password how to reset it")
    await asyncio.gather(layer.near.settled(), layer.shared.settled())
    assert await asked(other, "password reset it how") == "similar"
    assert await asked(other, "password reset it how", tenant="bank") == "miss"
    assert len(other.calls) == 1
    with server.client() as client:
        client.flushall()
    assert await asked(other, "password reset it how please") == "similar"  # by now it knows it itself
    await second.close()


def hosts(server: RedisServer, *layers: Layer) -> list[House]:
    folder = server._folder
    return [House(folder / f"{number}-{id(layer)}", layer.shared, cache=CACHE, embedders=ScriptedEmbedders(),
                  neighbours=layer.near) for number, layer in enumerate(layers)]


async def asked(house: House, text: str, **more: Any) -> str:
    calls = len(house.calls)
    client = house.ask(text, **more)
    for _ in range(20_000):
        if client.wire.writes or len(house.calls) > calls:
            break
        await asyncio.sleep(0.001)
    if len(house.calls) > calls:
        answer(house.calls[-1], "Good")
    return await told(client)


async def test_a_redis_without_search_is_told_once_and_left_alone(plain: RedisServer) -> None:
    layer = Layer(plain)
    [vector] = vectors(1)
    assert await layer.near.nearest(P, vector, 0.5) is None
    await layer.kept(P, vector, 1)
    assert await layer.near.nearest(P, vector, 0.5) is None
    assert (layer.near.state, layer.near.available, layer.said("similar_search_missing")) == ("missing", False, 1)
    await layer.close()


async def test_a_connection_is_opened_before_anybody_waits(layer: Layer, plain: RedisServer) -> None:
    await layer.near.connect()
    assert (layer.near.state, layer.near.available) == ("searching", True)
    other = Layer(plain)
    await other.near.connect()
    assert other.near.state == "missing"
    await other.close()


async def test_another_database_than_0_has_no_search(server: RedisServer) -> None:
    layer = Layer(server, at=server.url.removesuffix("0") + "1")
    assert await layer.near.nearest(P, vectors(1)[0], 0.5) is None
    assert layer.near.state == "missing"
    await layer.close()


async def test_a_server_that_hangs_is_a_miss_left_alone_and_tried_again(server: RedisServer) -> None:
    layer = Layer(server)
    [vector] = vectors(1)
    await layer.kept(P, vector, 1)
    layer.near._look_seconds = 0.05
    server.pause()
    try:
        assert await layer.near.nearest(P, vector, 0.9) is None
        assert (layer.near.state, layer.near.available) == ("away", False)
    finally:
        server.resume()
    layer.near._look_seconds = 10
    layer.clock.now += SECONDS
    assert layer.near.available
    assert await layer.near.nearest(P, vector, 0.9) is not None
    assert (layer.near.state, layer.said("similar_search_away")) == ("searching", 1)
    await layer.close()


async def test_both_layers_find_the_same(layer: Layer) -> None:
    """The server's search is exact within a partition: what is in process finds the same neighbours."""
    held = Neighbours(1 << 20)
    of = vectors(60)
    for number, vector in enumerate(of):
        held.put(P, vector, place(number))
        await layer.kept(P, vector, number)
    for asked_for in vectors(40, seed=5):
        near, other = held.nearest(P, asked_for, -1.0), await layer.near.nearest(P, asked_for, -1.0)
        assert near is not None
        assert other is not None
        assert near.place == other.place
        assert near.similarity == pytest.approx(other.similarity, abs=1e-5)
    assert np.isfinite(near.similarity)
    await turns()
