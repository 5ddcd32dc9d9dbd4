"""The neighbours that hosts share: vectors in a Redis that has its search module, found within one partition.

As with the entries beside them, nobody waits long and nothing depends on it; and what comes back is believed only with
its signature, which stands over partition, place and vector: one that was moved or changed is a miss, and is told.
Neither questions nor their traits lie there, but their vectors do, from which the gist of a question may be guessed:
protect the server as you protect the replies on it.
"""

import asyncio
from collections.abc import Callable, Coroutine
from hashlib import blake2b
from hmac import compare_digest
from typing import Any, Literal

from redis.asyncio import Redis as Client
from redis.exceptions import RedisError, ResponseError

from gateway.cache.breaker import SECONDS, Breaker
from gateway.cache.entry import Entry
from gateway.cache.fingerprint import place_of
from gateway.cache.semantic.neighbours import Near, cosine
from gateway.config.cache_url import Redis
from gateway.telemetry.logs import Log

NAMESPACE = "gatewright-similar:1"  # not below that of the entries, which are swept by what they hold
LOOK_SECONDS = 0.02
KEEP_SECONDS = 1.0
KEEPS_AT_ONCE = 128
State = Literal["unknown", "searching", "missing", "away"]


class RedisNeighbours:
    """One worker's way to them. ``state`` is missing where the server has no search module: then it is not asked again
    until the worker starts anew."""

    def __init__(self, redis: Redis, key: bytes, clock: Callable[[], float], log: Log, *,
                 look_seconds: float = LOOK_SECONDS) -> None:
        self._search: bool | None = None  # whether the server has one, once that is known
        self.forged = 0
        self.failures = 0
        self._key = key
        self._log = log
        self._look_seconds = look_seconds
        self._client: Any = client_of(redis)  # typed only in part
        self._indexed: set[int] = set()
        self._breaker = Breaker(clock)
        self._keeping: set[asyncio.Task[None]] = set()

    @property
    def state(self) -> State:
        if self._search is False:
            return "missing"
        return "away" if self._breaker.is_open else "searching" if self._search else "unknown"

    @property
    def available(self) -> bool:
        return self._search is not False and self._breaker.lets_through

    async def connect(self) -> None:
        """Opens a connection before anybody waits for it, and learns whether there is a search."""
        await self._within(self._client.execute_command("FT._LIST"), KEEP_SECONDS)

    async def nearest(self, partition: bytes, vector: bytes, threshold: float) -> Near | None:
        """As near as ``threshold``, by the vector that lies there and not by what the server says of it."""
        with self._breaker.asking():
            found = await self._within(self._found(partition, vector), self._look_seconds)
        if not found or found[0] == 0:
            return None
        fields = dict(zip(found[2][::2], found[2][1::2], strict=True)) if found[2] else {}
        place, other, mac = (fields.get(name, b"") for name in (b"place", b"vector", b"mac"))
        if not compare_digest(mac, self._mac(partition, place, other)):
            if fields:  # else it has ended just now
                self._tell_forged(found[1])
            return None
        similarity = cosine(vector, other)
        return Near(place, similarity, other) if similarity >= threshold else None

    async def _found(self, partition: bytes, vector: bytes) -> Any:
        length = len(vector) // 4
        await self._make_index(length)
        return await self._client.execute_command(
            "FT.SEARCH", index_of(length), f"(@partition:{{{partition.hex()}}})=>[KNN 1 @vector $asked]",
            "PARAMS", 2, "asked", vector, "RETURN", 3, "place", "vector", "mac", "DIALECT", 2)

    async def _make_index(self, length: int) -> None:
        if length in self._indexed:
            return
        try:
            # Flat: within a partition the search is exact, and a partition is small.
            await self._client.execute_command(
                "FT.CREATE", index_of(length), "ON", "HASH", "PREFIX", 1, f"{index_of(length)}:", "SCHEMA",
                "partition", "TAG", "vector", "VECTOR", "FLAT", 6, "TYPE", "FLOAT32", "DIM", length,
                "DISTANCE_METRIC", "IP")
        except ResponseError as error:
            if "already exists" not in str(error):
                raise
        self._indexed.add(length)

    def keep(self, partition: bytes, vector: bytes, place: bytes, entry: Entry) -> None:
        """Stores it by and by; what there is no room for is not kept."""
        if self.available and len(self._keeping) < KEEPS_AT_ONCE:
            self._by_and_by(self._put(partition, vector, place, entry))

    async def _put(self, partition: bytes, vector: bytes, place: bytes, entry: Entry) -> None:
        await self._make_index(len(vector) // 4)
        name = name_of(len(vector) // 4, place)
        async with self._client.pipeline(transaction=True) as pipeline:
            pipeline.hset(name, mapping={
                "partition": partition.hex(), "vector": vector, "place": place,
                "mac": self._mac(partition, place, vector), "entry": place_of(place, entry.tenant, self._key)})
            pipeline.pexpire(name, max(1, int(entry.ttl_seconds * 1000)))
            await pipeline.execute()

    def remove(self, partition: bytes, place: bytes) -> None:
        """By and by."""
        if self.available and len(self._keeping) < KEEPS_AT_ONCE:
            self._by_and_by(self._drop(place))

    async def _drop(self, place: bytes) -> None:
        for length in self._indexed:
            await self._client.unlink(name_of(length, place))

    def _by_and_by(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.get_running_loop().create_task(self._within(work, KEEP_SECONDS))
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)

    async def _within(self, work: Coroutine[Any, Any, Any], seconds: float) -> Any:
        """What it comes to; None where the server failed, or was too slow."""
        try:
            async with asyncio.timeout(seconds):
                found = await work
        except (RedisError, OSError, TimeoutError) as error:
            self._fail(error)
            return None
        if self._breaker.recover() or not self._search:
            self._search = True
            self._log.info("similar_search_ready")
        return found

    def _fail(self, error: Exception) -> None:
        if isinstance(error, ResponseError) and _is_for_good(str(error)):
            if self._search is not False:
                self._search = False
                self._log.warning("similar_search_missing", says=str(error)[:200],
                                  remedy="vectors stay in each worker's memory; a Redis with search shares them, in "
                                         "its database 0")
            return
        self.failures += 1
        if self._breaker.fail():
            self._log.warning("similar_search_away", error=type(error).__name__, again_in_seconds=SECONDS)

    def _tell_forged(self, name: bytes) -> None:
        self.forged += 1
        self._log.error("similar_vector_forged", place=name.decode("utf-8", "replace"),
                        remedy="somebody but the gateway writes to the cache's server, or its memory is damaged")

    def _mac(self, partition: bytes, place: bytes, vector: bytes) -> bytes:
        told = b"%d:%b%d:%b%b" % (len(partition), partition, len(place), place, vector)
        return blake2b(told, key=self._key, digest_size=16, person=b"similar").digest()

    async def settled(self) -> None:
        """Returns once what was to be kept is, or is known not to be."""
        if self._keeping:
            await asyncio.wait(set(self._keeping))

    async def close(self) -> None:
        await self.settled()
        await self._client.aclose()


def client_of(redis: Redis) -> Client:
    return Client(host=redis.host, port=redis.port, db=redis.database, username=redis.username,
                  password=redis.password, socket_connect_timeout=KEEP_SECONDS, socket_timeout=KEEP_SECONDS, protocol=2)


def index_of(length: int) -> str:
    """Vectors of one length have one index, and their names begin with its name."""
    return f"{NAMESPACE}:{length}"


def name_of(length: int, place: bytes) -> str:
    return f"{index_of(length)}:{place.hex()}"


async def remove_orphans(client: Any) -> int:
    """Removes every vector whose entry is gone: after a purge, what is left of the purged questions. Raises what the
    driver raises."""
    removed, cursor = 0, 0
    while True:
        cursor, names = await client.scan(cursor, match=f"{NAMESPACE}:*", count=500)
        for name in names:
            entry = await client.hget(name, "entry")
            if entry is None or not await client.exists(entry):
                removed += int(await client.unlink(name))
        if not cursor:
            return removed


def _is_for_good(says: str) -> bool:
    return "unknown command" in says.lower() or "db != 0" in says
