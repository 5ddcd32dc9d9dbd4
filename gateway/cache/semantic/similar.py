"""Similar questions: the one that is nearest to what is asked, and what was answered to it.

Nothing depends on it. An embedder that is away, slow or at its end, a neighbour whose answer is gone, an entry that
does not belong to who asks: each is a miss, and the model is asked.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import NamedTuple, Protocol

from gateway.cache.entry import Entry, decode
from gateway.cache.semantic.embedders import NoVector
from gateway.cache.semantic.neighbours import Near, Neighbours
from gateway.cache.semantic.question import Question
from gateway.config.routing_document import SemanticDocument
from gateway.exchange import Exchange
from gateway.snapshot import Snapshot
from gateway.telemetry.faults import FaultLog
from guardrails.classifiers.classifier import Vector

_TRIES = 3  # neighbours whose answers are gone already
PayloadAt = Callable[[bytes], Awaitable[bytes | None]]


class Located(NamedTuple):
    """A question's vector, and the partition that it lies in."""

    partition: bytes
    vector: bytes


class Alike(NamedTuple):
    """What was answered to a question in other words; ``place`` is that question's fingerprint."""

    place: bytes
    entry: Entry
    similarity: float


class Look(NamedTuple):
    located: Located | None = None
    found: Alike | None = None


class Embeds(Protocol):
    """What turns a text into a vector: see gateway.cache.semantic.embedders."""

    async def embed(self, snapshot: Snapshot, semantic: SemanticDocument, text: str) -> Vector: ...


class SharedNeighbours(Protocol):
    """What hosts know together: see gateway.cache.semantic.shared_neighbours."""

    @property
    def available(self) -> bool: ...
    async def nearest(self, partition: bytes, vector: bytes, threshold: float) -> Near | None: ...
    def keep(self, partition: bytes, vector: bytes, place: bytes, entry: Entry) -> None: ...
    def remove(self, partition: bytes, place: bytes) -> None: ...


class Similar:
    """One worker's. ``looks`` counts by what came of each: found, none, unreadable (the text has no vector), late,
    away, gone (the answer was forgotten meanwhile), foreign (it is somebody else's: never given), failed (a bug)."""

    def __init__(self, neighbours: Neighbours, shared: SharedNeighbours | None, embedders: Embeds, key: bytes,
                 log: FaultLog) -> None:
        self.neighbours = neighbours
        self.looks: Counter[str] = Counter()
        self._shared = shared
        self._embedders = embedders
        self._key = key
        self._log = log

    async def look(self, exchange: Exchange, question: Question, payload_at: PayloadAt) -> Look:
        """Never raises but CancelledError; within the time that the model's settings give it."""
        settings = exchange.route.cache
        assert settings is not None
        assert settings.semantic is not None
        look = Look()
        outcome = "late"
        try:
            async with asyncio.timeout(settings.semantic.time):
                if "numpy" not in sys.modules:  # a tenth of a second, once, which no event loop has
                    await asyncio.to_thread(import_module, "numpy")
                vector = await self._embedders.embed(exchange.snapshot, settings.semantic, question.text)
                look = Look(Located(question.partition(vector.mark, self._key), vector.values))
                look, outcome = await self._find(exchange, look, settings.semantic, payload_at)
        except NoVector as error:
            outcome = error.why
        except TimeoutError:
            pass
        except Exception as error:  # a bug here must not cost anybody the answer
            outcome = "failed"
            self._log.fault("similar_failed", error, request_id=exchange.id)
        self.looks[outcome] += 1
        return look

    async def _find(self, exchange: Exchange, look: Look, semantic: SemanticDocument,
                    payload_at: PayloadAt) -> tuple[Look, str]:
        located = look.located
        assert located is not None
        outcome = "none"
        for _ in range(_TRIES):
            near = await self._nearest(located, semantic.threshold)
            if near is None:
                return look, outcome
            payload = await payload_at(near.place)
            if payload is not None:
                entry = decode(payload)
                if not _belongs(entry, exchange):
                    return look, "foreign"
                if near.vector:  # the next look finds it here
                    self.neighbours.put(located.partition, near.vector, near.place)
                return Look(located, Alike(near.place, entry, near.similarity)), "found"
            outcome = "gone"
            self.forget(located.partition, near.place)
        return look, outcome

    async def _nearest(self, located: Located, threshold: float) -> Near | None:
        near = self.neighbours.nearest(*located, threshold)
        if near is not None or self._shared is None or not self._shared.available:
            return near
        return await self._shared.nearest(*located, threshold)

    def keep(self, located: Located, place: bytes, entry: Entry) -> None:
        """From now on the answer at ``place`` is found for what is near to its question."""
        self.neighbours.put(*located, place)
        if self._shared is not None:
            self._shared.keep(*located, place, entry)

    def forget(self, partition: bytes, place: bytes) -> None:
        """It is found no more, here and where hosts share."""
        self.neighbours.remove(place)
        if self._shared is not None:
            self._shared.remove(partition, place)

    def keep_only(self, wanted: Callable[[bytes], bool]) -> None:
        self.neighbours.keep_only(wanted)


def _belongs(entry: Entry, exchange: Exchange) -> bool:
    """Partitions keep them apart. This looks once more, at what an answer says of itself."""
    record = exchange.record
    return (entry.tenant, entry.model, entry.version, entry.operation) == (
        record.tenant, record.model, record.arm_assigned, record.operation)
