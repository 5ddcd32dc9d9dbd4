"""Keep: what a model's content rule asks for is sealed, as the guards left it, before the record is written."""

import os
from collections.abc import Callable

import msgspec

from gateway.content.item import MOST_BYTES, SALT_BYTES, Body, Item, commitment_to
from gateway.content.segments import ContentSegments
from gateway.exchange import Exchange
from gateway.refusal import PolicyRefusal, Refusal
from gateway.reply import Flow, Head, Reply
from gateway.stages.stage import Step
from models.protocol.document import encode_document

# The reply has back what the prompt's guards had taken out; to keep it would be to keep that.
RESTORED = "pseudonyms were restored in it"
_encode = msgspec.msgpack.Encoder().encode


class Keep(Step):
    """Stands outside the guards and inside the account. Nothing is kept of an exchange of which nothing left: one that
    a guard has declined, say, or that the client gave up before its guards were done. ``store: false`` in the request
    means no, and so does a host without a sealing key, which has no ``segments``.
    """

    def __init__(self, segments: ContentSegments | None, entropy: Callable[[int], bytes] = os.urandom) -> None:
        self._segments = segments
        self._entropy = entropy

    def leave(self, exchange: Exchange, reply: Reply) -> Reply:
        route, segments = exchange.route, self._segments
        if segments is None or route is None or route.content is None or exchange.document.get("store") is False:
            return reply
        exchange.keeping = Keeping(exchange, segments, self._entropy)
        return reply.through(exchange.keeping)

    def settle(self, exchange: Exchange) -> None:
        # Those whose reply has ended are done; here come those that were abandoned in the midst of it.
        if exchange.keeping is not None:
            exchange.keeping.conclude()
            exchange.keeping = None


class Keeping(Flow):
    """Gathers a reply as it passes, and seals it with its prompt at its end."""

    __slots__ = ("_begun", "_cut", "_entropy", "_exchange", "_frames", "_gathers", "_media", "_over", "_segments",
                 "_size")

    def __init__(self, exchange: Exchange, segments: ContentSegments, entropy: Callable[[int], bytes]) -> None:
        assert exchange.route.content is not None
        self._exchange = exchange
        self._segments = segments
        self._entropy = entropy
        self._gathers = "reply" in exchange.route.content.keep and not exchange.pseudonyms
        self._frames: list[bytes] = []
        self._size = 0
        self._cut = False
        self._media = ""
        self._begun = False  # whether anything has left
        self._over = False

    def head(self, head: Head) -> None:
        self._over = head.status >= 400
        self._media = dict(head.headers).get(b"content-type", b"").decode("latin-1")
        self.next.head(head)

    def frame(self, frame: bytes) -> None:
        self._gather(frame)
        self.next.frame(frame)

    def end(self, last: bytes) -> None:
        self._gather(last)
        self.conclude()
        self.next.end(last)

    def fail(self, refusal: Refusal) -> None:
        if isinstance(refusal, PolicyRefusal):
            self._over = True
        self.conclude()
        self.next.fail(refusal)

    def _gather(self, frame: bytes) -> None:
        self._begun = True
        if not self._gathers or self._cut:
            return
        room = MOST_BYTES - self._size
        self._cut = len(frame) > room
        self._frames.append(frame[:room])
        self._size += len(frame)

    def conclude(self) -> None:
        """Seals what there is, once; the record tells of it only where that worked."""
        if self._over or not self._begun:
            return
        self._over = True
        body = _encode(self._body())
        if self._segments.keep(self._item(body)):
            self._exchange.record.content = commitment_to(body)

    def _body(self) -> Body:
        exchange, kept = self._exchange, self._exchange.route.content
        assert kept is not None
        prompt = encode_document(exchange.document) if "prompt" in kept.keep else b""
        withheld = RESTORED if "reply" in kept.keep and not self._gathers else ""
        return Body(self._entropy(SALT_BYTES), prompt[:MOST_BYTES], b"".join(self._frames), self._media,
                    len(prompt) > MOST_BYTES, self._cut, withheld)

    def _item(self, body: bytes) -> Item:
        record, kept = self._exchange.record, self._exchange.route.content
        assert kept is not None
        return Item(record.id, record.id, record.started_at, record.tenant, record.subject, record.retention,
                    record.started_at + kept.period, body)
