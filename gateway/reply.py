"""A reply: a source of frames, and the flows that they pass on their way to the client.

A reply that came whole is a stream of one: only ``end`` is called, with the whole of it. So guarding, remembering and
accounting are written once. What passes is pushed, not pulled: upstream's callback runs through to the socket in one
turn of the event loop.
"""

from typing import Protocol

import msgspec

from gateway.refusal import Refusal


class Head(msgspec.Struct):
    """Status and headers, as the client will get them."""

    status: int
    headers: list[tuple[bytes, bytes]]


class Flow:
    """One stretch of a reply's way. A subclass changes what it must and hands the rest on.

    Calls come as ``head frame* end`` or, at any point, ``fail`` as the last one. The head comes together with the first
    frame (or with ``end``), so that whatever fails before it can still have a status of its own.
    """

    __slots__ = ("next",)
    next: "Flow"

    def head(self, head: Head) -> None:
        self.next.head(head)

    def frame(self, frame: bytes) -> None:
        self.next.frame(frame)

    def end(self, last: bytes) -> None:
        """``last`` is the last frame: a stream's end marker, or the whole body. With it, the reply is complete."""
        self.next.end(last)

    def fail(self, refusal: Refusal) -> None:
        self.next.fail(refusal)


class Spent(Flow):
    """Where a flow leads once its exchange is settled: nowhere."""

    def head(self, head: Head) -> None:
        """Nobody is there."""

    def frame(self, frame: bytes) -> None:
        """Nobody is there."""

    def end(self, last: bytes) -> None:
        """Nobody is there."""

    def fail(self, refusal: Refusal) -> None:
        """Nobody is there."""


SPENT = Spent()


class Source(Protocol):
    """Where a reply's frames come from. ``begin`` may push at once; after ``cancel`` nothing is pushed any more."""

    def begin(self, flow: Flow) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def cancel(self) -> None: ...


class Reply:
    """A reply that has not begun yet. Stages on the way back add their flow to it; the first added is the innermost."""

    __slots__ = ("_first", "flows", "source")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.flows: list[Flow] = []
        self._first: Flow | None = None

    def through(self, flow: Flow) -> "Reply":
        self.flows.append(flow)
        return self

    def begin(self, edge: Flow) -> None:
        """Joins the flows up to the client's edge and lets the source go."""
        following = edge
        for flow in reversed(self.flows):
            flow.next = following
            following = flow
        self._first = following
        self.source.begin(following)

    def fail(self, refusal: Refusal) -> None:
        """Ends a reply that has begun, from outside; its source must have been cancelled."""
        if self._first is not None:
            self._first.fail(refusal)


class OwnSource:
    """The source of a reply that the gateway makes itself."""

    def begin(self, flow: Flow) -> None:
        raise NotImplementedError

    def pause(self) -> None:
        """Nothing to hold back: all of it is sent at once."""

    def resume(self) -> None:
        """See pause."""

    def cancel(self) -> None:
        """See pause."""


class RefusedSource(OwnSource):
    """Declines."""

    def __init__(self, refusal: Refusal) -> None:
        self._refusal = refusal

    def begin(self, flow: Flow) -> None:
        flow.fail(self._refusal)


class AnsweredSource(OwnSource):
    """Answers, with a whole JSON document."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def begin(self, flow: Flow) -> None:
        flow.head(Head(200, [(b"content-type", b"application/json")]))
        flow.end(self._body)
