"""An inference: the source of a reply that a model server gives.

    asking ──reply begins──▶ streaming ──its end──▶ done
       │  ▲                      │
       │  └─ another attempt     └─ failure: an error event, never a second attempt
       └──── no attempt left: a refusal, or upstream's own error as it came

Until the first event or the whole of the reply is there, nothing has been sent to the client, and a failure may still
be mended by asking another server.
"""

from collections.abc import Callable

import msgspec

from gateway.beginning import beginning_of
from gateway.breaking import break_off
from gateway.exchange import Clock, Exchange
from gateway.other_places import OtherPlaces
from gateway.record import Attempt
from gateway.refusal import (
    Refusal,
    UpstreamDisconnected,
    UpstreamError,
    UpstreamMalformed,
    UpstreamTimeout,
    UpstreamUnauthorized,
    UpstreamUnreachable,
)
from gateway.reply import SPENT, Flow, Head
from gateway.snapshot import Target
from gateway.telemetry.faults import FaultLog
from gateway.upstream_request import asked_usage, upstream_request
from models.endpoint import Endpoint
from models.protocol.events import EventSplitter, EventTooLarge, payload_of
from models.protocol.replies import Malformed as MalformedReply
from models.protocol.replies import read_whole, status_told
from models.protocol.streams import ChatStream, EventStream, MalformedEvent
from models.protocol.usage import Usage
from models.upstream import (
    NEVER,
    Call,
    Disconnected,
    Headers,
    Malformed,
    Patience,
    TimedOut,
    Unreachable,
    UpstreamFailure,
)
from routing.affinity import Affinity, blocks_of
from routing.balancing import choose
from routing.retrying import RetryBudget

MAX_REPLY_BYTES = 64 << 20
MAX_REASON = 64
NOBODY_WAITS = frozenset({"batch", "recheck"})  # purposes
# Replies after which another server may do better. A 500 of vLLM's means that its engine has died.
WORTH_ANOTHER = frozenset({429, 500, 502, 503, 504})
# What a model server's reply may tell the client about itself; the rest is the gateway's to say.
PASSED_BACK = frozenset({b"content-type", b"retry-after", b"cache-control", b"x-should-retry"})


class Inference(msgspec.Struct, eq=False):
    """Asks one server after another, reads the reply, and pushes it on. Owns the call, and with it the connection."""

    _exchange: Exchange
    _clock: Clock
    _random: Callable[[], float]
    _budget: RetryBudget
    _log: FaultLog
    _affinity: Affinity | None = None
    _flow: Flow = SPENT
    _call: Call | None = None
    _target: Target = None  # type: ignore[assignment]  # these two are set by the first asking
    _endpoint: Endpoint = None  # type: ignore[assignment]
    _others: OtherPlaces | None = None  # made only once the first server has failed
    _began: bool = False
    _done: bool = False
    _retrying: bool = False
    _attempt_at: float = 0.0
    # Of the reply that is arriving; another attempt forgets it.
    _head: Head | None = None
    _body: list[bytes] = []
    _size: int = 0
    _splitter: EventSplitter | None = None
    _reader: ChatStream | EventStream | None = None
    _last: bytes = b""

    def _forget_reply(self) -> None:
        self._head = None
        self._body = []
        self._size = 0
        self._splitter = self._reader = None
        self._last = b""

    @property
    def _status(self) -> int:
        return self._head.status if self._head is not None else 0

    # A source of frames

    def begin(self, flow: Flow) -> None:
        self._flow = flow
        self._budget.requests += 1
        exchange = self._exchange
        target = exchange.route.targets[exchange.record.arm_assigned]
        self._ask(target, exchange.held_endpoint or self._near(target) or choose(target.endpoints, self._random))

    def _near(self, target: Target) -> Endpoint | None:
        """The server that has read the beginning of this prompt already, where there is a choice."""
        if self._affinity is None or len(target.endpoints) == 1 or self._exchange.route.affinity == "none":
            return None
        return self._affinity.choose(target.endpoints, blocks_of(beginning_of(self._exchange)))

    def pause(self) -> None:
        if self._call is not None:
            self._call.pause()

    def resume(self) -> None:
        if self._call is not None:
            self._call.resume()

    def cancel(self) -> None:
        """The client left, or the exchange was cut short: the server is let go at once."""
        if self._done:
            return
        self._note("cancelled")
        self._finish()

    # Asking

    def _ask(self, target: Target, endpoint: Endpoint) -> None:
        exchange, timeouts = self._exchange, self._exchange.route.timeouts
        self._target, self._endpoint = target, endpoint
        exchange.record.arm_served = target.version.name
        streamed = exchange.streamed
        patience = Patience(timeouts.connect, timeouts.first_token if streamed else NEVER,
                            timeouts.between_tokens if streamed else NEVER, exchange.began_at + timeouts.total)
        request = upstream_request(exchange, target, endpoint)
        self._attempt_at = self._clock.time()
        self._call = endpoint.call(request, self, patience, background=exchange.record.purpose in NOBODY_WAITS)
        exchange.sent_upstream_at = exchange.sent_upstream_at or self._clock.time()

    def _note(self, result: str) -> None:
        attempts = self._exchange.record.attempts
        if self._began:
            attempts.pop()  # it was noted when it began: what it came to in the end is what counts
        attempts.append(self._attempt(result))

    def _attempt(self, result: str) -> Attempt:
        return Attempt(version=self._target.version.name, endpoint=self._endpoint.url, result=result,
                       status=self._status, seconds=self._clock.time() - self._attempt_at)

    def attempts_if_cancelled(self) -> list[Attempt]:
        """What has been tried up to now, for whoever leaves while it goes on. The reply must not have begun."""
        return [*self._exchange.record.attempts, self._attempt("cancelled")]

    def _ask_another(self, refusal: Refusal | None, *, stale: bool = False) -> bool:
        """Starts another attempt where one is left, time is left, and the budget allows it."""
        total = self._exchange.began_at + self._exchange.route.timeouts.total
        if self._began or self._clock.time() >= total or not (self._retrying or self._budget.allows()):
            return False
        if self._others is None:
            self._others = OtherPlaces(self._exchange, self._endpoint, self._random)
        place = self._others.next(stale=stale)
        if place is None:
            return False
        self._note(refusal.code if refusal else "upstream_error")
        if not self._retrying:
            self._retrying = True
            self._budget.retries += 1
        if self._call is not None:
            self._call.cancel()
        self._forget_reply()
        self._ask(*place)
        return True

    # What the call tells

    def began(self, status: int, headers: Headers) -> None:
        media_type = next((value for name, value in headers if name == b"content-type"), b"")
        self._head = Head(status, [pair for pair in headers if pair[0] in PASSED_BACK])
        if status == 200 and media_type.startswith(b"text/event-stream"):
            self._splitter = EventSplitter()
            self._reader = self._make_reader()

    def _make_reader(self) -> ChatStream | EventStream:
        exchange = self._exchange
        if exchange.request.operation.stream != "chat":
            return EventStream(exchange.model_asked)
        usage, continuous = asked_usage(exchange.document)
        choices = exchange.document.get("n")
        prompts = exchange.document.get("prompt")
        several = (isinstance(choices, int) and choices > 1) or (isinstance(prompts, list) and len(prompts) > 1)
        return ChatStream(exchange.model_asked, keep_usage=usage or not exchange.request.operation.usage_options,
                          keep_continuous=continuous, choices=2 if several else 1,
                          fingerprint=self._endpoint.fingerprint)

    def received(self, data: bytes) -> None:
        splitter = self._splitter
        if splitter is None:
            self._hold(data)
            return
        try:
            for event in splitter.feed(data):
                if self._done or self._splitter is not splitter:
                    return  # what is left belongs to an attempt that is over
                self._read_event(event)
        except (MalformedEvent, EventTooLarge) as error:
            self._fail(UpstreamMalformed(f"The model server sent what is no reply: {error}."))
        except Exception as error:  # a bug on the reply's way: the client must not wait for ever
            self._break(error)

    def _hold(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > MAX_REPLY_BYTES:
            self._fail(UpstreamMalformed(f"The model server's reply is larger than {MAX_REPLY_BYTES} bytes."))
            return
        self._body.append(data)

    def _read_event(self, event: bytes) -> None:
        reader = self._reader
        assert reader is not None
        frame = reader.read(event)
        if reader.failure:
            self._read_failure(reader.failure, frame)
        elif reader.ended:
            self._last += frame  # held: with it the reply is complete, and its record must be written first
        elif frame:
            if self._began:
                self._flow.frame(frame)
            else:
                self._push(frame)

    def _read_failure(self, failure: str, event: bytes) -> None:
        error = payload_of(event) or b""
        status = 0 if self._began else status_told(error)
        if not 400 <= status < 500:
            self._fail(UpstreamError(failure), event=event)
            return
        # vLLM checks some parameters only once it has said 200. The caller is at fault all the same: another server
        # would say it again, and the client gets the status that a whole reply would have had.
        self._head = Head(status, [(b"content-type", b"application/json")])
        self._pass_error_on(error)

    def _push(self, frame: bytes) -> None:
        if not self._began:
            self._note("answered")
            self._began = True
            self._flow.head(self._head or Head(200, []))
        self._flow.frame(frame)

    def ended(self) -> None:
        try:
            if self._splitter is not None:
                self._end_stream()
            else:
                self._end_whole()
        except Exception as error:  # as in received
            self._break(error)

    def failed(self, failure: UpstreamFailure) -> None:
        try:
            if self._last:
                self._end_stream()  # all of it was there; how the connection went down after is nobody's concern
                return
            stale = isinstance(failure, Disconnected) and self._call is not None and self._call.reused
            self._fail(_refusal_for(failure), stale=stale and not self._status)
        except Exception as error:  # as in received
            self._break(error)

    def _break(self, error: Exception) -> None:
        if not self._done:
            self._finish()
        break_off(self._exchange, self._log, error)

    # Ends

    def _end_stream(self) -> None:
        reader = self._reader
        assert reader is not None
        if not reader.ended:
            self._fail(UpstreamDisconnected("The model server's stream stopped before its end."))
            return
        if isinstance(reader, ChatStream):
            self._endpoint.fingerprint = reader.fingerprint
        self._exchange.record.finish_reason = _told(reader.finish_reason)
        self._complete(self._last)

    def _end_whole(self) -> None:
        status, body = self._status, b"".join(self._body)
        if status in WORTH_ANOTHER and self._ask_another(None):
            return
        if status in (401, 403):
            self._fail(UpstreamUnauthorized("The model server does not accept the gateway's key."))
        elif 300 <= status < 400 or status < 200:
            self._fail(UpstreamMalformed(f"The model server answered with status {status}."))
        elif status >= 400:
            self._pass_error_on(body)
        else:
            self._pass_whole_on(body)

    def _pass_error_on(self, body: bytes) -> None:
        """Upstream's own error, as it came; what is no JSON gets a shape that clients can read."""
        try:
            read_whole(body, self._exchange.model_asked)
        except MalformedReply:
            self._fail(UpstreamError("The model server failed.", status=502 if self._status >= 500 else
                                     self._status))
            return
        self._complete(body)

    def _pass_whole_on(self, body: bytes) -> None:
        head = self._head or Head(200, [])
        if self._exchange.request.operation.plain_text and (b"content-type", b"text/plain") in [
                (name, value[: len(b"text/plain")]) for name, value in head.headers]:
            self._complete(body)
            return
        try:
            whole = read_whole(body, self._exchange.model_asked)
        except MalformedReply as error:
            self._fail(UpstreamMalformed(f"The model server sent what is no reply: {error}."))
            return
        self._exchange.record.finish_reason = _told(whole.finish_reason)
        _count(self._exchange, whole.usage, 0)
        self._complete(whole.body)

    def _complete(self, last: bytes) -> None:
        self._exchange.upstream_done_at = self._clock.time()
        if not self._began:
            self._note("answered" if self._status < 400 else "upstream_error")
            self._began = True
            self._flow.head(self._head or Head(200, []))
        flow = self._flow
        self._finish()
        flow.end(last)

    def _fail(self, refusal: Refusal, *, event: bytes = b"", stale: bool = False) -> None:
        if self._done:
            return
        worth = isinstance(refusal, (UpstreamUnreachable, UpstreamDisconnected, UpstreamTimeout, UpstreamError))
        if worth and self._ask_another(refusal, stale=stale):
            return
        if event and self._began:
            refusal.event = event  # upstream's own words go on as they came
        self._exchange.upstream_done_at = self._clock.time()
        self._note(refusal.code)
        self._finish()
        self._flow.fail(refusal)

    def _finish(self) -> None:
        """Lets go of the call and of the budget; nothing is pushed after."""
        self._done = True
        self._budget.requests -= 1
        if self._retrying:
            self._budget.retries -= 1
        if self._call is not None:
            self._call.cancel()
            self._call = None
        if self._reader is not None:
            _count(self._exchange, self._reader.usage(), self._reader.tokens)


def _count(exchange: Exchange, usage: Usage | None, tokens: int) -> None:
    """What upstream reported; where it reported nothing, the events that carried output."""
    record = exchange.record
    if usage is not None:
        record.prompt_tokens, record.completion_tokens = usage.prompt_tokens, usage.completion_tokens
        record.cached_tokens = usage.cached_tokens
        record.usage_source = "reported"
    elif tokens:
        record.completion_tokens = tokens
        record.usage_source = "counted"


def _told(reason: str) -> str:
    """A reason as the ledger can hold it: a model server may say anything there."""
    return reason[:MAX_REASON].replace("\0", "")


def _refusal_for(failure: UpstreamFailure) -> Refusal:
    match failure:
        case TimedOut(limit="connect"):
            return UpstreamUnreachable("The model server did not accept a connection in time.")
        case TimedOut(limit=limit):
            return UpstreamTimeout(f"The model server took too long: its {limit} time-out passed.")
        case Unreachable():
            return UpstreamUnreachable("The model server cannot be reached.")
        case Malformed():
            return UpstreamMalformed("The model server sent what is not HTTP.")
        case _:
            return UpstreamDisconnected("The model server closed the connection before its reply was complete.")
