"""The exchange: one request's life, from its last byte read to its record written."""

from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from gateway.record import ExchangeRecord
from models.protocol.operations import Operation

if TYPE_CHECKING:
    from gateway.reply import Flow, Reply
    from gateway.snapshot import Route, Snapshot
    from models.endpoint import Endpoint


class Request(msgspec.Struct):
    """What the client sent, whole. Header names are lower case."""

    operation: Operation
    headers: list[tuple[bytes, bytes]]
    body: bytes
    keeps_alive: bool = True
    chunked: bool = True  # the client reads chunks (HTTP/1.1)
    by_name: dict[bytes, bytes] = {}

    def __post_init__(self) -> None:
        self.by_name = dict(self.headers)

    def header(self, name: bytes) -> str:
        """The header of that name, the last where it stands twice; empty where there is none."""
        return self.by_name.get(name, b"").decode("latin-1")


class Clock(Protocol):
    """Monotonic seconds for durations, Unix seconds for the one field that tells when."""

    def time(self) -> float: ...
    def wall(self) -> float: ...


class Exchange:
    """Carries what the stages learn. Ends in exactly one outcome: answered, refused, failed or abandoned.

    ``record.outcome`` is empty until then and never changes after. An exchange lives its whole life on the snapshot
    that it started on.
    """

    __slots__ = ("began_at", "document", "edge", "entered", "first_frame_at", "held_endpoint", "last_frame_at", "left",
                 "model_asked", "record", "recorded", "reply", "request", "route", "sent_upstream_at",
                 "settled", "snapshot", "streamed", "upstream_done_at")

    def __init__(self, exchange_id: str, request: Request, snapshot: "Snapshot", edge: "Flow", *,
                 began_at: float, started_at: float) -> None:
        self.request = request
        self.snapshot = snapshot
        self.edge = edge
        self.began_at = began_at
        self.document: dict[str, Any] = {}
        self.model_asked = ""
        self.route: Route = None  # type: ignore[assignment]  # Assign sets it; what comes before does not look
        self.held_endpoint: Endpoint | None = None  # where the state is that the request refers to
        self.streamed = False
        self.entered = 0  # how many stages
        self.reply: Reply | None = None
        self.left = False  # the client went away
        self.recorded = False
        self.settled = False
        self.sent_upstream_at = 0.0
        self.first_frame_at = 0.0
        self.last_frame_at = 0.0
        self.upstream_done_at = 0.0
        self.record = ExchangeRecord(
            id=exchange_id, started_at=started_at, operation=request.operation.name, revision=snapshot.revision,
            bytes_in=len(request.body))

    def __repr__(self) -> str:
        return f"<Exchange {self.record.id} {self.record.operation} {self.record.outcome or 'open'}>"

    @property
    def id(self) -> str:
        return self.record.id

    def conclude(self, outcome: str, blame: str = "", code: str = "") -> None:
        """Sets the outcome, once: what happens to a concluded exchange later does not change what it was."""
        if not self.record.outcome:
            self.record.outcome = outcome
            self.record.blame = blame
            self.record.code = code
