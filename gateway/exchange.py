"""The exchange: one request's life, from its last byte read to its record written."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

from gateway.record import ExchangeRecord
from guardrails.guard import Side
from guardrails.redaction import Pseudonyms
from guardrails.verdict import Verdict
from models.protocol.operations import Operation

if TYPE_CHECKING:
    from gateway.cache.recollection import Recollection
    from gateway.idempotency import Claim
    from gateway.judging import Judging
    from gateway.reply import Flow, Reply
    from gateway.snapshot import Route, Snapshot
    from gateway.stages.keep import Keeping
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


class Late(NamedTuple):
    """What a guard came to that nobody waits for. ``seconds`` are what it took, by guard; ``shadow`` where it is of the
    policy in shadow."""

    side: Side
    verdict: Verdict
    seconds: Mapping[str, float]
    shadow: bool


class Exchange(msgspec.Struct, eq=False):
    """Carries what the stages learn. Ends in exactly one outcome: answered, refused, failed or abandoned.

    ``record.outcome`` is empty until then and never changes after. An exchange lives its whole life on the snapshot
    that it started on. Times are monotonic seconds; zero is a moment that has not come.
    """

    request: Request
    snapshot: "Snapshot"
    edge: "Flow"
    record: ExchangeRecord
    began_at: float
    document: dict[str, Any] = {}
    model_asked: str = ""
    route: "Route" = None  # type: ignore[assignment]  # Read sets it; what comes before does not look
    verdict: Verdict | None = None  # None where no guards judge
    would_be: Verdict | None = None  # that of the policy in shadow
    beside: "Judging | None" = None  # what the reply waits for
    late: list[Late] = []  # what was found that the client is told nothing of
    pseudonyms: Pseudonyms | None = None  # lives here alone: it is never written anywhere
    lot: float = 0.0  # from [0, 1): decides which guards judge where they are sampled
    claim: "Claim | None" = None  # the right to answer under its Idempotency-Key
    recall: "Recollection | None" = None  # None where it has nothing to do with the cache
    stays: Callable[[Callable[[], None]], bool] | None = None  # asked when the client has left: see Remembering
    held_endpoint: "Endpoint | None" = None  # where the state is that the request refers to
    streamed: bool = False
    entered: int = 0  # how many stages
    reply: "Reply | None" = None
    keeping: "Keeping | None" = None  # what is to be kept of it
    left: bool = False  # the client went away
    recorded: bool = False
    settled: bool = False
    sent_upstream_at: float = 0.0
    first_frame_at: float = 0.0
    last_frame_at: float = 0.0
    upstream_done_at: float = 0.0

    def __repr__(self) -> str:
        return f"<Exchange {self.record.id} {self.record.operation} {self.record.outcome or 'open'}>"

    @property
    def id(self) -> str:
        return self.record.id

    def shadow_verdict(self) -> Verdict:
        """The verdict of the policy that judges in shadow, begun where there is none."""
        if self.would_be is None:
            self.would_be = Verdict()
        return self.would_be

    def conclude(self, outcome: str, blame: str = "", code: str = "") -> None:
        """Sets the outcome, once: what happens to a concluded exchange later does not change what it was."""
        if not self.record.outcome:
            self.record.outcome = outcome
            self.record.blame = blame
            self.record.code = code


def begin_exchange(exchange_id: str, request: Request, snapshot: "Snapshot", edge: "Flow", *,
                   began_at: float, started_at: float) -> Exchange:
    """A new exchange with its record begun: ``began_at`` is monotonic, ``started_at`` Unix seconds."""
    return Exchange(request, snapshot, edge, ExchangeRecord(
        id=exchange_id, started_at=started_at, operation=request.operation.name, revision=snapshot.revision,
        bytes_in=len(request.body)), began_at)
