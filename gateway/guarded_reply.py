"""A guarded reply: the flow in which a reply's texts are judged while they pass.

A stream's frames wait until all their text is decided (``HeldFrames``); once all answers have ended because of
findings, the server is let go. A reply that came whole is judged by the same rules (``GuardedWhole``).

Where judges take their time, frames go on when these tell: the server waits once too much is held, and the end of the
reply waits until all of it was judged.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from gateway.afterwards import Afterwards
from gateway.breaking import break_off
from gateway.exchange import Exchange
from gateway.guarded_whole import GuardedWhole, Judged, Wanted
from gateway.held_frames import SPLIT_BYTES, Answer, Held, HeldFrames, Part, Shape, decode_event
from gateway.refusal import GuardUnavailable, InternalError, Refusal
from gateway.reply import Flow, Head
from gateway.telemetry.faults import FaultLog
from gateway.text_guards import TextGuards
from gateway.upstream_request import asked_usage
from gateway.valve import Valve
from guardrails.inspection import PATTERNS, Inspector
from guardrails.opinions import Told
from guardrails.patterns.whole import breathe
from guardrails.slow_reading import Room
from guardrails.slow_stretches import SlowStretches
from guardrails.verdict import Verdict
from models.protocol.events import EventSplitter, payload_of
from models.protocol.streams import MalformedEvent
from models.protocol.texts.chat import ChatForm
from models.protocol.texts.messages import MessagesForm
from models.protocol.texts.responses import ResponsesForm
from models.protocol.texts.text import Form, Text

T = TypeVar("T")
_FORMS: dict[str, type[Form]] = {"chat": ChatForm, "responses": ResponsesForm, "messages": MessagesForm}
# A whole reply beyond this is judged in a thread: what is hostile in it must not hold up the others.
_LONG_BYTES = 64 << 10
# What may be held for slow judges before the server has to wait.
HELD_BYTES = 256 * 1024


class Means(NamedTuple):
    """What slow guards of a reply need: seats, the seconds that each has for a stretch, the source that can be held for
    them, and who lets them judge afterwards."""

    room: Room
    seconds: float
    valve: Valve
    afterwards: Afterwards
    log: FaultLog


class GuardedReply(Flow):
    """Judges one reply. ``verdict`` is the exchange's; ``shadow`` judges beside it and changes nothing."""

    __slots__ = ("_answers", "_body", "_events", "_exchange", "_expected", "_failure", "_failures", "_form", "_frames",
                 "_guards", "_held", "_means", "_now", "_over", "_queue", "_rest", "_seconds", "_shape", "_slow",
                 "_verdict", "_whole")

    def __init__(self, exchange: Exchange, inspector: Inspector, verdict: Verdict,
                 shadow: tuple[Inspector, Verdict] | None = None, now: Callable[[], float] = time.monotonic,
                 means: Means | None = None) -> None:
        self._exchange = exchange
        self._now = now
        self._seconds = 0.0  # what judging has taken
        self._verdict = verdict
        self._failures = 0
        self._guards = guards = TextGuards(exchange, inspector, verdict, shadow)
        self._form: Form = _FORMS[exchange.request.operation.stream]()
        self._expected = _answers_asked(exchange.document)
        self._frames = HeldFrames(self._form, guards)
        self._whole = GuardedWhole(exchange.request.operation.stream, guards, self._expected)
        self._queue = self._frames.queue
        self._events = False
        self._over = False
        self._answers: dict[int, Answer] = {}
        self._shape: Shape | None = None
        # Once the source has ended: what is left to say when all is judged.
        self._rest: bytes | None = None
        self._failure: Refusal | None = None
        self._body: bytes | None = None
        self._means = means
        self._held = 0
        self._slow: SlowStretches | None = None
        if means is not None and guards.slow:
            self._slow = guards.opinions = SlowStretches(means.room, means.seconds, now, self._hear)
            means.valve.on_close = self._slow.cancel

    # The flow

    def head(self, head: Head) -> None:
        self._failures = len(self._verdict.failures)  # those of the prompt
        self._events = any(name == b"content-type" and value.startswith(b"text/event-stream")
                           for name, value in head.headers)
        self.next.head(head)

    def frame(self, frame: bytes) -> None:
        if self._over:
            return
        shape = self._shape
        began = self._now()
        if shape is None or not self._pass_shaped(frame, shape, began):
            self._read(frame)
            ready = self._frames.ready()
            self._seconds += self._now() - began
            self._send(ready)
        if self._slow is not None:
            self._held += len(frame)
            self._balance()

    def end(self, last: bytes) -> None:
        if self._over:
            return
        if not self._events:
            self._end_whole(last)
            return
        began = self._now()
        splitter = EventSplitter()
        for event in splitter.feed(last):
            self._read(event)
        self._end_texts()
        self._rest = splitter.rest()
        self._seconds += self._now() - began
        self._go_on()

    def fail(self, refusal: Refusal) -> None:
        """What was held back is judged as all that there is, and goes out before the error; unless nobody waits for the
        judges any more."""
        if self._over:
            return
        if self._events:
            self._end_texts()
        self._failure = refusal
        self._go_on()

    def _go_on(self) -> None:
        """Sends what is ready, and the end where the source has ended and all is judged."""
        began = self._now()
        ready = self._frames.ready()
        self._seconds += self._now() - began
        if self._failure is not None and (self._judged_all or self._nobody_waits):
            self._send(ready)
            if not self._over:
                self._finish()
                self.next.fail(self._failure)
        elif self._rest is not None and self._judged_all:
            if self._queue:
                raise RuntimeError("frames are left of which nobody tells any more")
            if not self._stop(ready):
                self._finish()
                self.next.end(b"".join(ready) + self._rest)
        else:
            self._send(ready)

    @property
    def _judged_all(self) -> bool:
        return self._slow is None or self._slow.idle

    @property
    def _nobody_waits(self) -> bool:
        return self._means is not None and self._means.valve.closed

    def _send(self, ready: list[bytes]) -> None:
        if not self._stop(ready):
            for frame in ready:
                self.next.frame(frame)

    def _stop(self, ready: list[bytes]) -> bool:
        """Ends the exchange where the guards leave nothing to go on for."""
        failed = self._guard_failed()
        if failed or self._frames.withheld >= self._expected:
            self._let_go()
            self._finish()
            if failed:
                self.next.fail(GuardUnavailable("A guard could not judge the reply."))
            else:
                self._conclude_blocked()
                self.next.end(b"".join(ready) + self._form.end_stream(self._usage()))
        return self._over

    def _conclude_blocked(self) -> None:
        self._exchange.conclude("refused", "policy", "content_blocked")
        self._exchange.record.finish_reason = "content_filter"

    def _finish(self) -> None:
        """Nothing more is judged now: what it took is noted, and what is judged afterwards begins."""
        self._over = True
        seconds = self._exchange.record.guard_seconds
        seconds[f"reply:{PATTERNS}"] = self._seconds  # all that judge at once share one pass
        if self._slow is not None:
            seconds |= {f"reply:{name}": took for name, took in self._slow.seconds.items()}
        if self._means is not None and self._guards.keeps:
            live, shadow = self._guards.afterwards(self._now)
            if live is not None or shadow is not None:
                self._means.afterwards.begin(self._exchange, "reply", live, shadow, self._means.seconds)

    def _guard_failed(self) -> bool:
        guards = self._exchange.route.guards
        failures = self._verdict.failures[self._failures :]
        return bool(failures) and guards is not None and guards.refuses(failures)

    def _let_go(self) -> None:
        if self._exchange.reply is not None:
            self._exchange.reply.source.cancel()

    def _usage(self) -> dict[str, int] | None:
        """For the client that asked for it: as far as the server had counted."""
        record = self._exchange.record
        asked = asked_usage(self._exchange.document)[0] or self._exchange.request.operation.stream != "chat"
        return {"prompt_tokens": record.prompt_tokens, "completion_tokens": record.completion_tokens,
                "total_tokens": record.prompt_tokens + record.completion_tokens} if asked else None

    # Judges who take their time

    def _hear(self, told: Sequence[Told]) -> None:
        """Some have told."""
        if self._over or self._exchange.settled:
            return
        try:
            for tell in told:
                tell()
            if self._body is None:
                self._go_on()
                self._balance()
            elif self._judged_all:
                self._judge_whole(self._body)
        except Exception as error:  # a bug on the reply's way: the client must not wait for ever
            assert self._means is not None
            self._over = True
            self._let_go()
            break_off(self._exchange, self._means.log, error)

    def _balance(self) -> None:
        """Lets the server wait while too much is held."""
        assert self._means is not None
        if self._held > HELD_BYTES:
            self._held = self._frames.size
        if self._over:
            return
        if self._held > HELD_BYTES:
            self._means.valve.hold()
        else:
            self._means.valve.let_flow()

    # Reading

    def _pass_shaped(self, frame: bytes, shape: Shape, began: float) -> bool:
        """The short way of nearly every frame; False where it is of another shape."""
        if not (frame.startswith(shape.before) and frame.endswith(shape.after)):
            return False
        data = frame[len(shape.before) : -len(shape.after)]
        if b'"' in data or b"\\" in data:
            return False
        part = self._part(shape.answer, shape.text, data)
        self._seconds += self._now() - began
        if part is None:
            return True
        part.frame = frame
        queue, guarded = self._queue, part.guarded
        queue.append(part)
        if not guarded.untouched or len(self._verdict.failures) > self._failures:
            self._send(self._frames.ready())
            return True
        while queue:
            first = queue[0]
            if type(first) is not Part or first.guarded is not guarded or len(first.data) > SPLIT_BYTES:
                self._send(self._frames.ready())
                break
            if first.end > guarded.decided:
                break
            queue.popleft()
            self.next.frame(first.frame)
        return True

    def _read(self, frame: bytes) -> None:
        payload = payload_of(frame)
        if payload is None or payload == b"[DONE]":
            if payload is not None:
                self._end_texts()
            self._queue.append(Held(frame))
            return
        try:
            event = decode_event(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            # What cannot be read cannot be judged.
            raise MalformedEvent(f"an event that is no JSON object: {error}") from None
        pieces = self._form.read(event)
        parts = [part for text in pieces.texts
                 if (part := self._part(self._answer(text.choice), text, text.text.encode())) is not None]
        ends = [self._answer(number) for number in pieces.ended]
        for answer in ends:
            answer.end_text()
        if parts or not (pieces.texts or (ends and all(answer.withheld for answer in ends))):
            self._queue.append(Held(frame, parts, event, ends, pieces.repeated))
        if len(parts) == 1 and not ends:
            self._learn(frame, event, parts[0])

    def _answer(self, number: int) -> Answer:
        answer = self._answers.get(number)
        if answer is None:
            answer = self._answers[number] = Answer(number)
        return answer

    def _part(self, answer: Answer, text: Text, data: bytes) -> Part | None:
        """Takes the next piece of a text; nothing of an answer that has been ended."""
        if answer.withheld:
            return None
        if not answer.open or answer.key != text.key or answer.guarded is None:
            answer.end_text()
            if answer.guarded is not None and answer.guarded.ends_at is not None:
                return None
            answer.key, answer.open, answer.length = text.key, True, 0
            answer.guarded, answer.shadow = self._guards.live(text), self._guards.shadow(text)
        start = answer.length
        answer.length += len(data)
        if answer.shadow is not None:
            answer.shadow.feed(data)
        answer.guarded.feed(data)
        if self._guards.keeps:
            self._guards.keep(answer.guarded, text, data)
        return Part(answer, text, answer.guarded, data, start, start + len(data))

    def _end_texts(self) -> None:
        for answer in self._answers.values():
            answer.end_text()

    def _learn(self, frame: bytes, event: dict[str, Any], part: Part) -> None:
        """Learns the shape of a frame in which the text stands as it is, once, beside nothing that tells it again."""
        field = b'"%b":"' % str(part.text.path[-1]).encode()
        at = frame.find(field) + len(field)
        choice = event["choices"][0] if event.get("choices") else event
        telling = choice.get("logprobs") or choice.get("token_ids") or b"\\" in part.data
        if part.data and not telling and frame.count(field) == 1 and frame.startswith(part.data + b'"', at):
            self._shape = Shape(frame[:at], frame[at + len(part.data) :], part.answer, part.text)

    # Whole replies

    def _end_whole(self, body: bytes) -> None:
        if self._exchange.record.status >= 400:  # upstream's own words about the request, not the model's
            self._over = True
            self.next.end(body)
        elif self._slow is None:
            self._judge_whole(body)
        else:
            self._body = body
            self._aside(body, self._whole.wanted, self._ask)

    def _ask(self, wanted: Wanted) -> None:
        """Asks the slow judges first: what they tell is looked up when the reply is judged."""
        assert self._slow is not None
        assert self._body is not None
        for guard, reader, question in wanted.questions:
            self._slow.ask(guard, reader, question, lambda: None)
        self._slow.closed = True
        if self._judged_all:
            self._judge_whole(self._body)

    def _judge_whole(self, body: bytes) -> None:
        long = len(body) > _LONG_BYTES
        self._aside(body, lambda body: self._timed(body, breathe if long else None), self._pass_whole)

    def _timed(self, body: bytes, pause: Callable[[], None] | None) -> Judged:
        began = self._now()
        judged = self._whole.judged(body, pause)
        self._seconds += self._now() - began
        return judged

    def _pass_whole(self, judged: Judged) -> None:
        if self._guard_failed():
            self._stop([])
            return
        if judged.blocked:
            self._conclude_blocked()
        self._finish()
        self.next.end(judged.body)

    def _aside(self, body: bytes, work: Callable[[bytes], T], then: Callable[[T], None]) -> None:
        """Has work done on a body, in a thread where it is long: the patterns let go of the interpreter while they run,
        and the other exchanges go on meanwhile."""
        if len(body) <= _LONG_BYTES:
            then(work(body))
            return
        working = asyncio.get_running_loop().run_in_executor(None, work, body)
        working.add_done_callback(lambda done: self._done_aside(done, then))

    def _done_aside(self, working: "asyncio.Future[T]", then: Callable[[T], None]) -> None:
        if working.cancelled() or self._over or self._exchange.settled:
            return
        error = working.exception()
        if error is None:
            then(working.result())
        else:
            self._over = True
            self.next.fail(InternalError("The gateway failed to judge the reply."))
            raise error  # for the log: the loop reports what a callback raises


def _answers_asked(document: dict[str, Any]) -> int:
    """How many answers a stream will bring: ``n`` for each prompt."""
    wanted, prompts = document.get("n"), document.get("prompt")
    several = len(prompts) if isinstance(prompts, list) and prompts and not isinstance(prompts[0], int) else 1
    return (wanted if isinstance(wanted, int) and wanted > 1 else 1) * several
