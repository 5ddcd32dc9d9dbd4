"""Recall: what was answered already is not asked again; what is being asked is waited for."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from gateway.cache.eligibility import NOTHING, use_of, wants_exact
from gateway.cache.entry import Entry, decode, encode
from gateway.cache.fingerprint import fingerprint, place_of
from gateway.cache.flight import STAMPEDE, Flight
from gateway.cache.memory import Memory
from gateway.cache.purges import Purge
from gateway.cache.recollection import Recalled, Recollection, Remembering
from gateway.cache.rendering import Unrenderable, rendered
from gateway.cache.semantic.question import Question, question_of
from gateway.cache.semantic.recheck import Rechecks
from gateway.cache.semantic.similar import Alike, Similar
from gateway.config.routing_document import CacheDocument
from gateway.exchange import Clock, Exchange
from gateway.gate import Gate
from gateway.record import FROM_MEMORY
from gateway.refusal import InternalError
from gateway.reply import Reply
from gateway.stages.stage import Step
from gateway.telemetry.faults import FaultLog

SIMILARITY = b"x-gatewright-similarity"  # such as x-gatewright-similarity: 0.9731


class SharedLayer(Protocol):
    """What workers remember together: see gateway.cache.shared."""

    @property
    def available(self) -> bool: ...
    async def get(self, fingerprint: bytes, place: str) -> bytes | None: ...
    def keep(self, fingerprint: bytes, place: str, payload: bytes, ttl_seconds: float) -> None: ...
    def remove(self, place: str) -> None: ...


class Recall(Step):
    """Stands before the guards of the reply: what is remembered has been cleared by them. The guards of the request
    have judged before it, each request anew."""

    def __init__(self, memory: Memory, shared: SharedLayer | None, key: bytes, clock: Clock, log: FaultLog,
                 loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.get_running_loop,
                 similar: Similar | None = None, rechecks: Rechecks | None = None) -> None:
        self._memory = memory
        self._shared = shared
        self._key = key
        self._clock = clock
        self._log = log
        self._loop = loop
        self._similar = similar
        self._rechecks = rechecks
        self._flights: dict[bytes, Flight] = {}
        self.stampedes: Counter[str] = Counter()  # by model: questions that so many asked at once

    @property
    def flights(self) -> int:
        """How many questions are being answered."""
        return len(self._flights)

    def enter(self, exchange: Exchange) -> Reply | Awaitable[Reply | None] | None:
        settings = exchange.route.cache
        if settings is None:
            return None
        use = use_of(exchange, settings)
        if use == NOTHING:
            return None
        place = fingerprint(exchange, settings.scope, self._key)
        if not use.look:
            exchange.recall = Recollection(place, settings, self._flight(exchange, settings, None))
            return None
        exchange.record.cache = "miss"
        payload = self._memory.get(place)
        if payload is not None and (reply := self._recalled(exchange, decode(payload), settings)) is not None:
            return reply
        return self._fly(exchange, place, settings)

    def _fly(self, exchange: Exchange, place: bytes, settings: CacheDocument) -> Awaitable[Reply | None] | None:
        key = place + (b"s" if exchange.streamed else b"w")
        flight = self._flights.get(key)
        if flight is not None:
            exchange.recall = Recollection(place, settings, flight)
            exchange.record.cache = "coalesced"
            exchange.sent_upstream_at = self._clock.time()  # from now on it waits for the model, as its leader does
            return flight.join(exchange, self._loop())
        flight = self._flights[key] = self._flight(exchange, settings, key)
        exchange.recall = Recollection(place, settings, flight)
        question = self._question(exchange, settings)
        if question is not None or (self._shared is not None and self._shared.available):
            return self._look(exchange, exchange.recall, question)
        return None

    def _question(self, exchange: Exchange, settings: CacheDocument) -> Question | None:
        if self._similar is None or settings.semantic is None or wants_exact(exchange):
            return None
        return question_of(exchange, settings, self._key)

    def _flight(self, leader: Exchange, settings: CacheDocument, key: bytes | None) -> Flight:
        """Nobody can join one without a key."""
        def closed() -> None:
            if key is not None:
                del self._flights[key]
            self.stampedes[leader.record.model] += flight.joined >= STAMPEDE

        flight = Flight(leader, settings.entry_bytes, closed, self._log)
        return flight

    async def _look(self, exchange: Exchange, recall: Recollection, question: Question | None) -> Reply | None:
        """On the server that hosts share; then, where the same was not asked before, for it in other words."""
        payload = await self._payload_elsewhere(exchange, recall.place)
        if payload is not None:
            entry = decode(payload)
            if (reply := self._recalled(exchange, entry, recall.settings)) is not None:
                self._take_over(recall.place, payload, entry)
                recall.flight.answer(lambda follower: self._recalled(follower, entry, recall.settings))
                return reply
        return None if question is None else await self._look_around(exchange, recall, question)

    def _take_over(self, place: bytes, payload: bytes, entry: Entry) -> None:
        """What another worker remembers, this one does too, for as long."""
        self._memory.put(place, payload, entry.stored_at + entry.ttl_seconds - self._clock.wall())

    async def _payload_elsewhere(self, exchange: Exchange, place: bytes) -> bytes | None:
        if self._shared is None or not self._shared.available:
            return None
        return await self._shared.get(place, place_of(place, exchange.record.tenant, self._key))

    async def _look_around(self, exchange: Exchange, recall: Recollection, question: Question) -> Reply | None:
        assert self._similar is not None

        async def payload_at(place: bytes) -> bytes | None:
            known = self._memory.get(place)
            if known is not None:
                return known
            payload = await self._payload_elsewhere(exchange, place)
            if payload is not None:
                self._take_over(place, payload, decode(payload))
            return payload

        look = await self._similar.look(exchange, question, payload_at)
        exchange.recall = msgspec.structs.replace(recall, located=look.located)
        found = look.found
        if found is None:
            return None
        reply = self._alike(exchange, found, recall.settings)
        if reply is not None:
            recall.flight.answer(lambda follower: self._alike_for(follower, found, recall.settings))
            if self._rechecks is not None and look.located is not None:
                partition = look.located.partition
                self._rechecks.consider(exchange, found, lambda: self._forget(exchange, partition, found.place))
        return reply

    def _alike_for(self, follower: Exchange, found: Alike, settings: CacheDocument) -> Reply | None:
        if not wants_exact(follower):
            return self._alike(follower, found, settings)
        follower.record.cache = "miss"  # it asks for itself
        follower.sent_upstream_at = 0.0
        return None

    def _forget(self, exchange: Exchange, partition: bytes, place: bytes) -> None:
        """One answer, in every layer."""
        self._memory.remove(place)
        if self._shared is not None:
            self._shared.remove(place_of(place, exchange.record.tenant, self._key))
        if self._similar is not None:
            self._similar.forget(partition, place)

    def _alike(self, exchange: Exchange, found: Alike, settings: CacheDocument) -> Reply | None:
        """The answer to a question in other words, and how near that is."""
        reply = self._recalled(exchange, found.entry, settings, (SIMILARITY, b"%.4f" % found.similarity))
        if reply is not None:
            record = exchange.record
            record.cache, record.similarity, record.parent = "similar", found.similarity, found.entry.exchange_id
        return reply

    def _recalled(self, exchange: Exchange, entry: Entry, settings: CacheDocument,
                  *told: tuple[bytes, bytes]) -> Reply | None:
        """The reply; None where it is too old for what is asked now, or has not its form."""
        if self._clock.wall() - entry.stored_at >= min(entry.ttl_seconds, settings.ttl):
            return None
        try:
            head, frames = rendered(entry, exchange)
        except Unrenderable:
            return None
        exchange.record.cache = "hit"
        head.headers += told
        return Reply(Recalled(exchange.record, entry, head, frames))

    def leave(self, exchange: Exchange, reply: Reply) -> Reply:
        recall = exchange.recall
        leads = recall is not None and recall.flight.leader is exchange
        if exchange.record.cache in FROM_MEMORY or (recall is not None and not leads):
            # The guards that judge the request beside the model are waited for here too.
            if exchange.beside is not None:
                reply.source = Gate(exchange, reply.source, exchange.beside, self._log)
            return reply
        if recall is None:
            return reply
        if exchange.record.cache == "coalesced":
            exchange.record.cache = "miss"  # it leads in another's place
            exchange.sent_upstream_at = 0.0
        reply.source = recall.flight.led_by(reply.source)
        remembering = Remembering(exchange, recall, self._store, self._clock.wall)
        exchange.stays = remembering.stays
        return reply.through(remembering)

    def _store(self, recall: Recollection, entry: Entry) -> None:
        payload, place, ttl = encode(entry), recall.place, recall.settings.ttl
        self._memory.put(place, payload, ttl)
        if self._shared is not None:
            self._shared.keep(place, place_of(place, entry.tenant, self._key), payload, ttl)
        if self._similar is not None and recall.located is not None:
            self._similar.keep(recall.located, place, entry)

    def forget(self, purge: Purge) -> int:
        """Removes what matches; what is being answered now is remembered by nobody. Returns how many entries."""
        for flight in self._flights.values():
            flight.worth_keeping = False
        removed = self._memory.remove_where(lambda payload: purge.matches(decode(payload)))
        if self._similar is not None:
            self._similar.keep_only(self._memory.__contains__)
        return removed

    def settle(self, exchange: Exchange) -> None:
        """A leader that ends before its reply did leaves nobody waiting."""
        recall = exchange.recall
        if recall is None or recall.flight.leader is not exchange or recall.flight.over:
            return
        if recall.flight.head is None:
            recall.flight.hand_over()
        else:
            recall.flight.fail(InternalError("The reply that was waited for broke off."))
