"""A line that is being asked: the edge of its exchange, where the reply is gathered and judged."""

from typing import Protocol

from gateway.batches.results import Result
from gateway.batches.ruling import Ruling, ruling_on
from gateway.exchange import Exchange
from gateway.record import ExchangeRecord
from gateway.refusal import Refusal
from gateway.reply import Flow, Head


class Owner(Protocol):
    """Whose line it is."""

    def at_work(self, call: "LineCall") -> None: ...
    def ended(self, call: "LineCall") -> None: ...
    def yielded(self, call: "LineCall") -> None: ...


class LineCall(Flow):
    """One attempt at one line.

    The reply is gathered inside of Account (``Gathering``), so that the result can be written before the record is.
    Ends in exactly one way: ``ended``, with ``ruling`` set, or given up by its owner, of itself or once it ``yielded``.
    """

    __slots__ = ("code", "custom_id", "exchange", "has_turn", "head_seen", "line", "owner", "parts", "ruling", "status",
                 "times_sent_away", "tries", "unstored", "waiting_since")

    def __init__(self, line: int, custom_id: str, tries: int, times_sent_away: int, waiting_since: float,
                 owner: Owner) -> None:
        """``tries`` counts this one; ``waiting_since`` is in monotonic seconds."""
        self.line = line
        self.custom_id = custom_id
        self.tries = tries
        self.times_sent_away = times_sent_away
        self.waiting_since = waiting_since
        self.owner = owner
        self.has_turn = False
        self.exchange: Exchange = None  # type: ignore[assignment]  # set before anything flows
        self.head_seen: Head | None = None
        self.parts: list[bytes] = []
        self.status = 0
        self.code = ""
        self.ruling: Ruling | None = None
        self.unstored = False  # the disk did not take its result

    # What Gathering brings, before the record is written

    def gather(self, last: bytes) -> None:
        self.parts.append(last)

    def came(self) -> None:
        """All of the reply is there."""
        self.status = self.head_seen.status if self.head_seen is not None else 200
        self.ruling = ruling_on(self.status, "", self.head_seen, self.tries)

    def refused(self, refusal: Refusal) -> None:
        self.status, self.code = refusal.status, refusal.code
        self.parts = [refusal.body()]
        self.ruling = ruling_on(self.status, self.code, None, self.tries)

    def result(self, record: ExchangeRecord) -> Result:
        return Result(self.line, self.custom_id, self.status, record.id, b"".join(self.parts), record)

    # The edge: what comes here has its record

    def head(self, head: Head) -> None:
        """Gathering has had it."""

    def frame(self, frame: bytes) -> None:
        """Gathering has had it."""

    def end(self, last: bytes) -> None:
        self.owner.ended(self)

    def fail(self, refusal: Refusal) -> None:
        if self.ruling is None:  # what broke is on the reply's way, and Gathering has seen nothing of it
            self.refused(refusal)
        self.owner.ended(self)

    # What turns tell

    def at_work(self) -> None:
        self.has_turn = True
        self.owner.at_work(self)

    def sent_away(self) -> None:
        self.owner.yielded(self)


class Gathering(Flow):
    """Stands inside of Account."""

    __slots__ = ("_call",)

    def __init__(self, call: LineCall) -> None:
        self._call = call

    def head(self, head: Head) -> None:
        self._call.head_seen = head
        self.next.head(head)

    def frame(self, frame: bytes) -> None:
        self._call.gather(frame)
        self.next.frame(frame)

    def end(self, last: bytes) -> None:
        self._call.gather(last)
        self._call.came()
        self.next.end(last)

    def fail(self, refusal: Refusal) -> None:
        self._call.refused(refusal)
        self.next.fail(refusal)
