"""The shared layer: what the workers of all hosts remember together, in Redis, through aiocache.

Nobody waits for it long, and nothing depends on it: a server that is away or slow is a miss, once in a while asked
again. What comes back is believed only with its signature: whoever can write to the server can take entries away, not
put words into a reply.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from aiocache import RedisCache
from aiocache.serializers import BaseSerializer

from gateway.cache.breaker import SECONDS, Breaker
from gateway.cache.entry import Entry, Forged, decode, signed, unverified, verified
from gateway.cache.fingerprint import NAMESPACE
from gateway.cache.semantic.shared_neighbours import remove_orphans
from gateway.config.cache_url import Redis
from gateway.telemetry.logs import Log

LOOK_SECONDS = 0.02  # what a look may take
KEEP_SECONDS = 1.0
KEEPS_AT_ONCE = 128


class _Bytes(BaseSerializer):  # type: ignore[misc]  # aiocache has no types
    """Bytes as they are."""

    DEFAULT_ENCODING = None

    def dumps(self, value: bytes) -> bytes:
        return value

    def loads(self, value: bytes | None) -> bytes | None:
        return value


class _Server(RedisCache):  # type: ignore[misc]
    """aiocache stores and closes by commands that its driver has deprecated."""

    async def _set(self, key: str, value: bytes, ttl: float, **_: Any) -> bool:
        return bool(await self.client.set(key, value, px=max(1, int(ttl * 1000))))

    async def _close(self, *_: Any, **__: Any) -> None:
        await self.client.aclose()


class Shared:
    """One worker's way to the server. ``key`` signs entries and hides names in places; ``clock`` gives monotonic
    seconds."""

    def __init__(self, redis: Redis, key: bytes, clock: Callable[[], float], log: Log, *,
                 look_seconds: float = LOOK_SECONDS) -> None:
        self.failures = 0
        self.forged = 0
        self.not_kept = 0
        self._key = key
        self._log = log
        self._look_seconds = look_seconds
        self._cache = _Server(
            endpoint=redis.host, port=redis.port, db=redis.database, password=redis.password,
            serializer=_Bytes(), create_connection_timeout=KEEP_SECONDS, timeout=KEEP_SECONDS,
            connection_pool_kwargs={"username": redis.username} if redis.username else None)
        self._breaker = Breaker(clock)
        self._keeping: set[asyncio.Task[None]] = set()

    @property
    def is_up(self) -> bool:
        return not self._breaker.is_open

    @property
    def available(self) -> bool:
        """Whether it is worth a wait."""
        return self._breaker.lets_through

    async def connect(self) -> None:
        """Opens a connection before anybody waits for it: the first takes longer than a look may."""
        try:
            await self._cache.exists(NAMESPACE)
        except Exception as error:  # as in get
            self._fail(error)

    async def get(self, fingerprint: bytes, place: str) -> bytes | None:
        """The payload; None for a miss, whatever the reason of it."""
        try:
            with self._breaker.asking():
                data = await self._cache.get(place, timeout=self._look_seconds)
        except Exception as error:  # aiocache lets through whatever its driver raises
            self._fail(error)
            return None
        self._recover()
        return self._payload(data, fingerprint, place) if data is not None else None

    def _payload(self, data: bytes, fingerprint: bytes, place: str) -> bytes | None:
        try:
            return verified(data, fingerprint, self._key) or None
        except Forged:
            self.forged += 1
            self._log.error("cache_entry_forged", place=place,
                            remedy="somebody but the gateway writes to the cache's server, or its memory is damaged")
            return None

    def keep(self, fingerprint: bytes, place: str, payload: bytes, ttl_seconds: float) -> None:
        """Stores it by and by; what there is no room for is not kept."""
        if len(self._keeping) >= KEEPS_AT_ONCE or not self.available:
            self.not_kept += 1
            return
        data = signed(payload, fingerprint, self._key)
        self._by_and_by(self._cache.set(place, data, ttl=ttl_seconds))

    def remove(self, place: str) -> None:
        """By and by; a server that does not answer has it until its time is over."""
        self._by_and_by(self._cache.delete(place))

    def _by_and_by(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.get_running_loop().create_task(self._done(work))
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)

    async def _done(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except Exception as error:  # as in get
            self.not_kept += 1
            self._fail(error)
        else:
            self._recover()

    def _fail(self, error: Exception) -> None:
        self.failures += 1
        if self._breaker.fail():
            self._log.warning("cache_away", error=type(error).__name__, again_in_seconds=SECONDS)

    def _recover(self) -> None:
        if self._breaker.recover():
            self._log.info("cache_back")

    async def remove_where(self, matches: Callable[[Entry], bool]) -> int:
        """Removes every entry that matches; returns how many. Looks at each. Raises what the driver raises."""
        removed = 0
        async for place, data in self._all():
            entry = _entry_of(data)
            if entry is None or matches(entry):
                removed += int(await self._cache.delete(place))
        await remove_orphans(self._cache.client)
        return removed

    async def _all(self) -> AsyncIterator[tuple[str, bytes]]:
        cursor = 0
        while True:
            cursor, places = await self._cache.raw("scan", cursor, match=f"{NAMESPACE}:*", count=500)
            for place in places:
                data = await self._cache.get(place.decode())
                if data is not None:
                    yield place.decode(), data
            if not cursor:
                return

    async def settled(self) -> None:
        """Returns once what was to be kept is, or is known not to be."""
        if self._keeping:
            await asyncio.wait(set(self._keeping))

    async def close(self) -> None:
        await self.settled()
        await self._cache.close()


def _entry_of(data: bytes) -> Entry | None:
    """None for what is none: anybody may have put it there."""
    try:
        return decode(unverified(data))
    except Exception:
        return None
