"""Account: writes the exchange's record to the journal before the last byte leaves. First in, last settled."""

from bisect import bisect_left
from collections.abc import Callable
from typing import Protocol

from gateway.cost import note_cost
from gateway.exchange import Clock, Exchange
from gateway.guard_notes import note_guards
from gateway.record import Entry
from gateway.refusal import JournalUnavailable, Refusal
from gateway.reply import Flow, Head, Reply
from gateway.stages.stage import Step
from gateway.telemetry.buckets import TOKEN_GAP


class Book(Protocol):
    """What records are written into: the journal, or what stands before it."""

    @property
    def full(self) -> bool: ...
    def append(self, entry: Entry) -> bool: ...


class Account(Step):
    """Times the exchange, and journals it exactly once, whatever becomes of it.

    Where ``strict``, no reply is complete without a record: while the journal takes none, nothing is begun. ``waiting``
    makes the flow that holds a reply's end until its record is where it has to be; without one nothing is held.
    """

    def __init__(self, worker: str, journal: Book, clock: Clock, *, strict: bool = False,
                 waiting: Callable[[Exchange], Flow] | None = None) -> None:
        self._worker = worker
        self._journal = journal
        self._clock = clock
        self._strict = strict
        self._waiting = waiting

    def enter(self, exchange: Exchange) -> None:
        exchange.record.worker = self._worker
        if self._strict and self._journal.full:
            raise JournalUnavailable("No record of requests can be kept now.")

    def leave(self, exchange: Exchange, reply: Reply) -> Reply:
        reply.through(Accounting(exchange, self._journal, self._clock, self._strict))
        return reply if self._waiting is None else reply.through(self._waiting(exchange))

    def settle(self, exchange: Exchange) -> None:
        # An exchange that was answered or refused is in the journal already; here come those that were abandoned.
        record_once(exchange, self._journal, self._clock.time())


class Accounting(Flow):
    """Watches a reply pass, and writes its record before its last frame."""

    __slots__ = ("_exchange", "_journal", "_now", "_record", "_strict")

    def __init__(self, exchange: Exchange, journal: Book, clock: Clock, strict: bool) -> None:
        self._exchange = exchange
        self._record = exchange.record
        self._journal = journal
        self._now = clock.time
        self._strict = strict

    def head(self, head: Head) -> None:
        self._record.status = head.status
        self.next.head(head)

    def frame(self, frame: bytes) -> None:
        exchange, record, now = self._exchange, self._record, self._now()
        record.bytes_out += len(frame)
        if exchange.first_frame_at:
            gap = now - exchange.last_frame_at
            # Prometheus' buckets hold what is at most their bound.
            record.token_gap_counts[bisect_left(TOKEN_GAP, gap)] += 1
            record.token_gap_seconds += gap
        else:
            exchange.first_frame_at = now
            record.token_gap_counts = [0] * (len(TOKEN_GAP) + 1)
        exchange.last_frame_at = now
        self.next.frame(frame)

    def end(self, last: bytes) -> None:
        exchange, now = self._exchange, self._now()
        self._record.bytes_out += len(last)
        exchange.first_frame_at = exchange.first_frame_at or now
        _conclude_by_status(exchange)
        if record_once(exchange, self._journal, now) or not self._strict:
            self.next.end(last)
        else:
            self.next.fail(JournalUnavailable("No record of this request could be kept."))

    def fail(self, refusal: Refusal) -> None:
        exchange = self._exchange
        exchange.conclude(refusal.outcome, refusal.blame, refusal.code)
        exchange.record.status = exchange.record.status or refusal.status
        record_once(exchange, self._journal, self._now())
        self.next.fail(refusal)


def _conclude_by_status(exchange: Exchange) -> None:
    status = exchange.record.status
    if status < 400:
        exchange.conclude("answered")
    elif status < 500:
        exchange.conclude("refused", "caller", "upstream_refused")
    else:
        exchange.conclude("failed", "upstream", "upstream_error")


def record_once(exchange: Exchange, journal: Book, now: float) -> bool:
    """Completes the record and appends it, unless that was done already; False where the journal did not take it."""
    if exchange.recorded:
        return True
    exchange.recorded = True
    record = exchange.record
    record.total_seconds = now - exchange.began_at
    if exchange.first_frame_at and exchange.streamed:
        record.first_token_seconds = exchange.first_frame_at - exchange.began_at
    note_guards(exchange)
    note_cost(exchange)
    record.overhead_seconds = _overhead(exchange, now)
    while record.token_gap_counts and not record.token_gap_counts[-1]:
        record.token_gap_counts.pop()
    return journal.append(record)


def _overhead(exchange: Exchange, now: float) -> float:
    """Ours alone: until the request had been written upstream, and from the last that upstream sent to the end."""
    if not exchange.sent_upstream_at:
        return now - exchange.began_at
    after = now - exchange.upstream_done_at if exchange.upstream_done_at else 0.0
    return exchange.sent_upstream_at - exchange.began_at + after
