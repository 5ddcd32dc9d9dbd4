"""What an exchange has to do with the cache: the place of its question, and the flight that answers it."""

from collections.abc import Callable

import msgspec

from gateway.cache.eligibility import may_store
from gateway.cache.entry import Entry, note_cached
from gateway.cache.flight import Flight
from gateway.cache.semantic.similar import Located
from gateway.config.routing_document import CacheDocument
from gateway.exchange import Exchange
from gateway.record import ExchangeRecord
from gateway.refusal import Refusal
from gateway.reply import SPENT, Flow, Head, OwnSource


class Recollection(msgspec.Struct, frozen=True, eq=False):
    """``place`` is the fingerprint; ``located`` is where its vector is to lie, if it has one."""

    place: bytes
    settings: CacheDocument
    flight: Flight
    located: Located | None = None


Store = Callable[[Recollection, Entry], None]


class Remembering(Flow):
    """Lets the followers have what the leader gets, and remembers what may be."""

    __slots__ = ("_exchange", "_flight", "_now", "_recall", "_store")

    def __init__(self, exchange: Exchange, recall: Recollection, store: Store, wall: Callable[[], float]) -> None:
        self._exchange = exchange
        self._recall = recall
        self._flight = recall.flight
        self._store = store
        self._now = wall

    def head(self, head: Head) -> None:
        self.next.head(head)
        self._flight.begin(head)

    def frame(self, frame: bytes) -> None:
        self.next.frame(frame)
        self._flight.push(frame)

    def end(self, last: bytes) -> None:
        exchange, recall, flight = self._exchange, self._recall, self._flight
        head = flight.head
        if head is not None and flight.takes(last) and may_store(exchange, head, recall.settings):
            entry = entry_of(exchange, head, [*flight.frames, last], recall.settings.ttl, self._now())
            self._store(recall, entry)
        flight.land(last)
        self.next.end(last)

    def fail(self, refusal: Refusal) -> None:
        flight = self._flight
        if flight.head is None and refusal.blame != "upstream":
            flight.hand_over()  # it is this exchange that is declined: the next one is asked for itself
        else:
            flight.fail(refusal)
        self.next.fail(refusal)

    def stays(self, settle: Callable[[], None]) -> bool:
        """Called when the client has left: whether the exchange stays, until ``settle``, for those who follow."""
        if not self._flight.goes_on(settle):
            return False
        self.next = SPENT
        self._exchange.edge = _Departed(self._flight)
        return True


class _Departed(Flow):
    """Stands where the edge was: what breaks now breaks for those who follow."""

    __slots__ = ("_flight",)

    def __init__(self, flight: Flight) -> None:
        self._flight = flight

    def fail(self, refusal: Refusal) -> None:
        if not self._flight.over:
            self._flight.fail(refusal)


class Recalled(OwnSource):
    """The source of a remembered reply."""

    def __init__(self, record: ExchangeRecord, entry: Entry, head: Head, frames: list[bytes]) -> None:
        self._record = record
        self._entry = entry
        self._head = head
        self._frames = frames

    def begin(self, flow: Flow) -> None:
        note_cached(self._record, self._entry)
        flow.head(self._head)
        for frame in self._frames[:-1]:
            flow.frame(frame)
        flow.end(self._frames[-1])


def entry_of(exchange: Exchange, head: Head, frames: list[bytes], ttl_seconds: float, now: float) -> Entry:
    """What is remembered of a complete reply."""
    record = exchange.record
    return Entry(
        tenant=record.tenant, model=record.model, version=record.arm_served, operation=record.operation,
        subject=record.subject, exchange_id=record.id, stored_at=now, ttl_seconds=float(ttl_seconds),
        streamed=exchange.streamed, status=head.status, headers=head.headers, frames=frames,
        finish_reason=record.finish_reason, prompt_tokens=record.prompt_tokens,
        completion_tokens=record.completion_tokens, cached_tokens=record.cached_tokens)
