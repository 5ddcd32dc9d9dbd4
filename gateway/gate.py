"""The gate: a reply's source whose first frame waits for guards that judge the request beside the model.

It stands between the model server and all other flows, so that a reply which is not to be given costs no judging, and
the reply's own guards, the accounts and the client see it as if it had only just begun. What arrives meanwhile is held,
so much at most; beyond that the server waits. Where the guards decline, the server is let go, and nothing that it said
leaves: whatever it was, an answer, an error or nothing yet.

    waiting ──verdict──▶ open      what was held leaves, and the rest as it comes
       ├─────refusal───▶ shut      the client gets the refusal, with its status
       └─────cancel────▶ shut      the client left, or the exchange was cut short
"""

from collections import deque

from gateway.breaking import break_off
from gateway.declining import refusal_beside
from gateway.exchange import Exchange
from gateway.judging import Judging
from gateway.refusal import Refusal, UpstreamMalformed
from gateway.reply import Flow, Head, Source
from gateway.telemetry.faults import FaultLog
from models.protocol.streams import MalformedEvent

HELD_BYTES = 256 * 1024


class Gate(Flow):
    """Is a source to the flows, and a flow to the source."""

    __slots__ = ("_client_slow", "_exchange", "_failure", "_frames", "_head", "_held", "_judging", "_last", "_log",
                 "_source", "_state")

    def __init__(self, exchange: Exchange, source: Source, judging: Judging, log: FaultLog) -> None:
        self._exchange = exchange
        self._source = source
        self._judging = judging
        self._log = log
        self._state = "waiting"
        self._head: Head | None = None
        self._frames: deque[bytes] = deque()
        self._held = 0  # their bytes
        self._last: bytes | None = None
        self._failure: Refusal | None = None
        self._client_slow = False

    def __repr__(self) -> str:
        return f"<Gate {self._state}, {len(self._frames)} frames>"

    # What the flows see

    def begin(self, flow: Flow) -> None:
        self.next = flow
        if not self._judging.over:
            self._judging.then(self._decide)
            self._source.begin(self)
            return
        refusal = refusal_beside(self._exchange, self._judging)
        self._state = "open" if refusal is None else "shut"
        if refusal is None:
            self._source.begin(flow)
        else:  # known before the model was asked: it need not be
            flow.fail(refusal)

    def pause(self) -> None:
        self._client_slow = True
        self._source.pause()

    def resume(self) -> None:
        self._client_slow = False
        if self._state == "open" or self._held <= HELD_BYTES:
            self._source.resume()

    def cancel(self) -> None:
        self._shut()
        self._source.cancel()

    def _shut(self) -> None:
        self._state = "shut"
        self._frames.clear()
        self._last = self._failure = None

    # What the source sees

    def head(self, head: Head) -> None:
        if self._state == "open":
            self.next.head(head)
        else:
            self._head = head

    def frame(self, frame: bytes) -> None:
        if self._state == "open":
            self.next.frame(frame)
            return
        before, self._held = self._held, self._held + len(frame)
        self._frames.append(frame)
        if self._held > HELD_BYTES >= before:
            self._source.pause()

    def end(self, last: bytes) -> None:
        if self._state == "open":
            self.next.end(last)
        else:
            self._last = last

    def fail(self, refusal: Refusal) -> None:
        if self._state == "open":
            self.next.fail(refusal)
        else:
            self._failure = refusal

    # The verdict

    def _decide(self) -> None:
        if self._state != "waiting":
            return
        try:
            refusal = refusal_beside(self._exchange, self._judging)
            if refusal is None:
                self._let_go_on()
            else:
                self.cancel()
                self.next.fail(refusal)
        except MalformedEvent as error:
            self.cancel()
            self.next.fail(UpstreamMalformed(f"The model server sent what is no reply: {error}."))
        except Exception as error:  # a bug on the reply's way: the client must not wait for ever
            self.cancel()
            break_off(self._exchange, self._log, error)

    def _let_go_on(self) -> None:
        self._state = "open"
        if self._head is not None:
            self.next.head(self._head)
        while self._frames:  # a guard of the reply may cancel us meanwhile: then there are none any more
            self.next.frame(self._frames.popleft())
        if self._last is not None:
            self.next.end(self._last)
        elif self._failure is not None:
            self.next.fail(self._failure)
        elif self._held > HELD_BYTES and not self._client_slow and self._state == "open":
            self._source.resume()
