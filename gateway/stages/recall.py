"""Recall: what was answered already is not asked again; what is being asked is waited for."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from gateway.cache.eligibility import NOTHING, use_of
from gateway.cache.entry import Entry, decode, encode
from gateway.cache.fingerprint import fingerprint, place_of
from gateway.cache.flight import Flight
from gateway.cache.memory import Memory
from gateway.cache.purges import Purge
from gateway.cache.recollection import Recalled, Recollection, Remembering
from gateway.cache.rendering import Unrenderable, rendered
from gateway.config.routing_document import CacheDocument
from gateway.exchange import Clock, Exchange
from gateway.gate import Gate
from gateway.refusal import InternalError
from gateway.reply import Reply
from gateway.stages.stage import Step
from gateway.telemetry.faults import FaultLog


class SharedLayer(Protocol):
    """What workers remember together: see gateway.cache.shared."""

    @property
    def available(self) -> bool: ...
    async def get(self, fingerprint: bytes, place: str) -> bytes | None: ...
    def keep(self, fingerprint: bytes, place: str, payload: bytes, ttl_seconds: float) -> None: ...


class Recall(Step):
    """Stands before the guards of the reply: what is remembered has been cleared by them. The guards of the request
    have judged before it, each request anew."""

    def __init__(self, memory: Memory, shared: SharedLayer | None, key: bytes, clock: Clock, log: FaultLog,
                 loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.get_running_loop) -> None:
        self._memory = memory
        self._shared = shared
        self._key = key
        self._clock = clock
        self._log = log
        self._loop = loop
        self._flights: dict[bytes, Flight] = {}

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
        if self._shared is not None and self._shared.available:
            return self._look(exchange, self._shared, exchange.recall)
        return None

    def _flight(self, leader: Exchange, settings: CacheDocument, key: bytes | None) -> Flight:
        """Nobody can join one without a key."""
        def closed() -> None:
            if key is not None:
                del self._flights[key]

        return Flight(leader, settings.entry_bytes, closed, self._log)

    async def _look(self, exchange: Exchange, shared: SharedLayer, recall: Recollection) -> Reply | None:
        place, settings = recall.place, recall.settings
        payload = await shared.get(place, place_of(place, exchange.record.tenant, self._key))
        if payload is None:
            return None
        entry = decode(payload)
        reply = self._recalled(exchange, entry, settings)
        if reply is not None:
            self._memory.put(place, payload, entry.stored_at + entry.ttl_seconds - self._clock.wall())
            recall.flight.answer(lambda follower: self._recalled(follower, entry, settings))
        return reply

    def _recalled(self, exchange: Exchange, entry: Entry, settings: CacheDocument) -> Reply | None:
        """The reply; None where it is too old for what is asked now, or has not its form."""
        if self._clock.wall() - entry.stored_at >= min(entry.ttl_seconds, settings.ttl):
            return None
        try:
            head, frames = rendered(entry, exchange)
        except Unrenderable:
            return None
        exchange.record.cache = "hit"
        return Reply(Recalled(exchange.record, entry, head, frames))

    def leave(self, exchange: Exchange, reply: Reply) -> Reply:
        recall = exchange.recall
        leads = recall is not None and recall.flight.leader is exchange
        if exchange.record.cache == "hit" or (recall is not None and not leads):
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

    def _store(self, place: bytes, settings: CacheDocument, entry: Entry) -> None:
        payload = encode(entry)
        self._memory.put(place, payload, settings.ttl)
        if self._shared is not None:
            self._shared.keep(place, place_of(place, entry.tenant, self._key), payload, settings.ttl)

    def forget(self, purge: Purge) -> int:
        """Removes what matches; what is being answered now is remembered by nobody. Returns how many entries."""
        for flight in self._flights.values():
            flight.worth_keeping = False
        return self._memory.remove_where(lambda payload: purge.matches(decode(payload)))

    def settle(self, exchange: Exchange) -> None:
        """A leader that ends before its reply did leaves nobody waiting."""
        recall = exchange.recall
        if recall is None or recall.flight.leader is not exchange or recall.flight.over:
            return
        if recall.flight.head is None:
            recall.flight.hand_over()
        else:
            recall.flight.fail(InternalError("The reply that was waited for broke off."))
