"""Repeat: a request that is sent again under its Idempotency-Key is not made again."""

from hashlib import blake2b

import msgspec

from gateway.cache.entry import Entry
from gateway.cache.recollection import Recalled, entry_of
from gateway.exchange import Clock, Exchange
from gateway.idempotency import REPLY_BYTES, TTL_SECONDS, Claim, Claims, InProgress, Reused
from gateway.refusal import InvalidRequest, KeyReused, Refusal, StillInProgress
from gateway.reply import Flow, Head, Reply
from gateway.stages.stage import Step
from gateway.telemetry.faults import FaultLog

HEADER = b"idempotency-key"
MAX_KEY = 255
_encode = msgspec.json.Encoder(order="sorted").encode


class Repeat(Step):
    """Stands before the guards of the prompt: what was answered was judged, and is given as it was."""

    def __init__(self, claims: Claims, clock: Clock, log: FaultLog) -> None:
        self._claims = claims
        self._clock = clock
        self._log = log

    def enter(self, exchange: Exchange) -> Reply | None:
        if HEADER not in exchange.request.by_name:
            return None
        key = exchange.request.header(HEADER)
        if not key or len(key) > MAX_KEY or not key.isascii() or not key.isprintable():
            raise InvalidRequest(f"Idempotency-Key must be 1 to {MAX_KEY} printable ASCII characters.",
                                 code="invalid_idempotency_key")
        try:
            found = self._claims.claim(exchange.record.tenant, key, question_of(exchange), self._clock.wall())
        except InProgress:
            raise StillInProgress("A request with this Idempotency-Key is in progress.") from None
        except Reused:
            raise KeyReused("This Idempotency-Key was used for another request.") from None
        except OSError as error:  # a disk's trouble is no reason not to answer
            self._log.fault("idempotency_failed", error, request_id=exchange.id)
            return None
        if isinstance(found, Entry):
            exchange.record.cache, exchange.record.parent = "hit", found.exchange_id
            return _repeated(exchange, found)
        exchange.claim = found
        return None

    def leave(self, exchange: Exchange, reply: Reply) -> Reply:
        return reply if exchange.claim is None else reply.through(Keeping(exchange, exchange.claim, self._clock))

    def settle(self, exchange: Exchange) -> None:
        """A request that was not answered may be made again."""
        if exchange.claim is not None and exchange.claim.open:
            exchange.claim.let_go()


def question_of(exchange: Exchange) -> bytes:
    """All of the request that the client meant: the path and the document, whoever asks."""
    hashed = blake2b(exchange.request.operation.path.encode() + b"\0", digest_size=32)
    hashed.update(exchange.request.body if exchange.request.operation.multipart else _encode(exchange.document))
    return hashed.digest()


class Keeping(Flow):
    """Keeps what the client gets, once all of it is there, and where asking again would not help."""

    __slots__ = ("_bytes", "_claim", "_clock", "_exchange", "_frames", "_head")

    def __init__(self, exchange: Exchange, claim: Claim, clock: Clock) -> None:
        self._exchange = exchange
        self._claim = claim
        self._clock = clock
        self._head = Head(200, [])
        self._frames: list[bytes] = []
        self._bytes = 0

    def head(self, head: Head) -> None:
        self._head = head
        self.next.head(head)

    def frame(self, frame: bytes) -> None:
        self._note(frame)
        self.next.frame(frame)

    def end(self, last: bytes) -> None:
        self._note(last)
        if self._head.status < 500 and self._bytes <= REPLY_BYTES:
            self._claim.keep(entry_of(self._exchange, self._head, self._frames, TTL_SECONDS, self._clock.wall()))
        self.next.end(last)

    def fail(self, refusal: Refusal) -> None:
        self.next.fail(refusal)  # settling lets the claim go

    def _note(self, frame: bytes) -> None:
        self._bytes += len(frame)
        if self._bytes <= REPLY_BYTES:
            self._frames.append(frame)


def _repeated(exchange: Exchange, entry: Entry) -> Reply:
    """The reply that was given before, and is told as such."""
    if exchange.route is not None and entry.version in exchange.route.head_lines:
        exchange.record.arm_served = entry.version
    head = Head(entry.status, [*entry.headers, (b"idempotency-replayed", b"true")])
    return Reply(Recalled(exchange.record, entry, head, entry.frames))
