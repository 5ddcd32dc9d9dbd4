"""A guarded reply: the flow in which a reply's texts are judged while they pass.

A frame waits until all its text is decided, and leaves then as the bytes that it came in, or with its text edited where
something was redacted in it. A frame without text waits for those before it. Where a finding blocks, the answer ends
before it, well-formed, with ``content_filter``; once all answers have ended so, the server is let go.

A reply that came whole is judged by the same texts' rules, so that both give a client the same.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from gateway.asked import asked_of
from gateway.exchange import Exchange
from gateway.refusal import GuardUnavailable, InternalError, Refusal
from gateway.reply import Flow, Head
from gateway.upstream_request import asked_usage
from guardrails.detectors.detector import Asked
from guardrails.inspection import PATTERNS, Inspector
from guardrails.patterns.whole import breathe
from guardrails.stream import GuardedText, whole
from guardrails.verdict import Verdict
from models.protocol.events import EventSplitter, payload_of, with_payload
from models.protocol.streams import MalformedEvent
from models.protocol.texts.chat import ChatForm, ChatReply
from models.protocol.texts.messages import MessagesForm, MessagesReply
from models.protocol.texts.responses import ResponsesForm, ResponsesReply
from models.protocol.texts.text import Form, Text, Whole, put

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode
_FORMS: dict[str, type[Form]] = {"chat": ChatForm, "responses": ResponsesForm, "messages": MessagesForm}
_WHOLES: dict[str, type[Whole]] = {"chat": ChatReply, "responses": ResponsesReply, "messages": MessagesReply}
# A frame with this much decided text does not wait for the rest of it: what is decided leaves in a copy of its own.
_SPLIT_BYTES = 64
# A whole reply beyond this is judged in a thread: what is hostile in it must not hold up the others.
_LONG_BYTES = 64 << 10


class Answer(msgspec.Struct, eq=False):
    """One of the answers of a stream (chat's choices; else there is one), and the text of it that grows just now.

    Texts of an answer come one after the other (reasoning, content, one tool call, the next): where another begins,
    the one before has ended. ``withheld``: nothing of it leaves any more.
    """

    number: int
    key: str = ""
    open: bool = False  # whether that text may go on
    guarded: GuardedText | None = None
    shadow: GuardedText | None = None
    length: int = 0  # of the text so far, in bytes
    withheld: bool = False

    def end_text(self) -> None:
        for guarded in (self.guarded, self.shadow):
            if guarded is not None and self.open:
                guarded.feed(b"", last=True)
        self.open = False


class Part(msgspec.Struct, eq=False):
    """A piece of a text, from ``start`` to ``end`` of the whole, in bytes; ``frame`` where it is all that one says."""

    answer: Answer
    text: Text
    guarded: GuardedText
    data: bytes
    start: int
    end: int
    frame: bytes = b""

    @property
    def decided(self) -> bool:
        return self.guarded.decided >= self.end or self.guarded.finished

    @property
    def last(self) -> bool:
        """Whether a finding ends the text here."""
        ends_at = self.guarded.ends_at
        return ends_at is not None and ends_at <= self.end


class Held(msgspec.Struct, eq=False):
    """A frame that waits. ``event`` is its payload, where that had to be decoded; ``ends`` the answers that it ends."""

    frame: bytes
    parts: list[Part] = []
    event: dict[str, Any] | None = None
    ends: list[Answer] = []


class Shape(msgspec.Struct, eq=False):
    """How the frames of one text are written: all the same but for the piece. Saves decoding nearly every frame."""

    before: bytes
    after: bytes
    answer: Answer
    text: Text


class GuardedReply(Flow):
    """Judges one reply. ``verdict`` is the exchange's; ``shadow`` judges beside it and changes nothing."""

    __slots__ = ("_answers", "_asked", "_events", "_exchange", "_expected", "_failures", "_form", "_inspector", "_now",
                 "_over", "_pause", "_queue", "_seconds", "_shadow", "_shape", "_verdict", "_withheld")

    def __init__(self, exchange: Exchange, inspector: Inspector, verdict: Verdict,
                 shadow: "tuple[Inspector, Verdict] | None" = None, now: Callable[[], float] = time.monotonic) -> None:
        self._exchange = exchange
        self._now = now
        self._seconds = 0.0  # what judging has taken
        self._inspector = inspector
        self._verdict = verdict
        self._failures = len(verdict.failures)  # those of the prompt
        self._shadow = shadow
        self._asked = asked_of(exchange.document) if inspector.has_watchers else Asked()
        self._form: Form = _FORMS[exchange.request.operation.stream]()
        self._events = False
        self._over = False
        self._queue: deque[Held | Part] = deque()
        self._answers: dict[int, Answer] = {}
        self._expected = _answers_asked(exchange.document)
        self._withheld = 0
        self._pause: Callable[[], None] | None = None
        self._shape: Shape | None = None

    # The flow

    def head(self, head: Head) -> None:
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
            ready = self._ready()
            self._seconds += self._now() - began
            self._send(ready)

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
        ready = self._ready()
        self._tell_seconds(began)
        if not self._stop(ready):
            self._over = True
            self.next.end(b"".join(ready) + splitter.rest())

    def fail(self, refusal: Refusal) -> None:
        """What was held back is judged as all that there is, and goes out before the error."""
        if not self._over and self._events:
            self._end_texts()
            self._send(self._ready())
        if not self._over:
            self._over = True
            self.next.fail(refusal)

    def _send(self, ready: list[bytes]) -> None:
        if not self._stop(ready):
            for frame in ready:
                self.next.frame(frame)

    def _stop(self, ready: list[bytes]) -> bool:
        """Ends the exchange where the guards leave nothing to go on for."""
        failed = self._guard_failed()
        if failed or self._withheld >= self._expected:
            self._over = True
            self._let_go()
            self._tell_seconds(self._now())
            if failed:
                self.next.fail(GuardUnavailable("A guard could not judge the reply."))
            else:
                self._conclude_blocked()
                self.next.end(b"".join(ready) + self._form.end_stream(self._usage()))
        return self._over

    def _conclude_blocked(self) -> None:
        self._exchange.conclude("refused", "policy", "content_blocked")
        self._exchange.record.finish_reason = "content_filter"

    def _tell_seconds(self, began: float) -> None:
        """All guards of a reply share one pass."""
        self._exchange.record.guard_seconds[f"reply:{PATTERNS}"] = self._seconds + self._now() - began

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
            self._send(self._ready())
            return True
        while queue:
            first = queue[0]
            if type(first) is not Part or first.guarded is not guarded or len(first.data) > _SPLIT_BYTES:
                self._send(self._ready())
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
            event = _decode(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            # What cannot be read cannot be judged.
            raise MalformedEvent(f"an event that is no JSON object: {error}") from None
        pieces = self._form.read(event)
        parts = [part for text in pieces.texts
                 if (part := self._part(self._answer(text.choice), text, text.text.encode())) is not None]
        ends = [self._answer(number) for number in pieces.ended]
        for answer in ends:
            answer.end_text()
        if pieces.repeated:
            frame = self._with_repeated(frame, event, pieces.repeated)
        if parts or not (pieces.texts or (ends and all(answer.withheld for answer in ends))):
            self._queue.append(Held(frame, parts, event, ends))
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
            answer.guarded = self._guarded(self._inspector, self._verdict, text)
            answer.shadow = self._guarded(*self._shadow, text) if self._shadow is not None else None
        start = answer.length
        answer.length += len(data)
        if answer.shadow is not None:
            answer.shadow.feed(data)
        answer.guarded.feed(data)
        return Part(answer, text, answer.guarded, data, start, start + len(data))

    def _guarded(self, inspector: Inspector, verdict: Verdict, text: Text) -> GuardedText:
        exchange = self._exchange
        return GuardedText(inspector, verdict, place=f"choices[{text.choice}].{text.key}", channel=text.channel,
                           asked=self._asked, lot=exchange.lot, pseudonyms=exchange.pseudonyms)

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

    def _with_repeated(self, frame: bytes, event: dict[str, Any], texts: list[Text]) -> bytes:
        """An event that says whole texts again: each is edited as its stream was, and nobody hears of it twice."""
        changed = []
        for text in texts:
            data = text.text.encode()
            rendered = whole(self._guarded(self._inspector, Verdict(), text), data)
            if rendered != data:
                put(event, text.path, rendered.decode())
                changed.append(text)
        if not changed:
            return frame
        self._form.strip(event, changed)
        return with_payload(frame, _encode(event))

    # What leaves

    def _ready(self) -> list[bytes]:
        """The frames that may leave now, as they leave."""
        queue = self._queue
        ready: list[bytes] = []
        while queue:
            held = queue[0]
            if isinstance(held, Part):
                if not held.decided and len(held.data) <= _SPLIT_BYTES:
                    break
                held = queue[0] = Held(held.frame, [held])
            if not all(part.decided for part in held.parts):
                self._split(held, ready)
                break
            queue.popleft()
            self._render(held, ready)
        return ready

    def _render(self, held: Held, ready: list[bytes]) -> None:
        parts = [part for part in held.parts if not part.answer.withheld]
        gone = {part.answer.number for part in held.parts if part.answer.withheld}
        gone |= {answer.number for answer in held.ends if answer.withheld}
        if gone and not parts and len(gone) == len({part.answer.number for part in held.parts} | {
                answer.number for answer in held.ends}):
            return
        texts = [(part, part.guarded.render(part.data, part.start)) for part in parts]
        cut = {part.answer.number: (part.answer, part.text.key) for part in parts if part.last}
        cut |= {answer.number: (answer, answer.key) for answer in held.ends if answer.guarded is not None
                and answer.guarded.finished and not answer.withheld}
        if cut or gone or any(text != part.data for part, text in texts):
            ready.extend(self._edited(held, texts, set(cut) | gone))
        else:
            ready.append(held.frame)
        for answer, key in cut.values():
            answer.withheld = True
            self._withheld += 1
            ready.append(self._form.end_answer(answer.number, key))

    def _edited(self, held: Held, texts: list[tuple[Part, bytes]], cut: set[int]) -> list[bytes]:
        """The frame with other texts; nothing where nothing is left of it."""
        if cut and not any(text for _, text in texts) and self._form.answers(_event(held)) <= cut:
            return []
        event = _event(held)
        self._form.withdraw(event, cut)
        return [self._with_texts(held, [(part.text, text) for part, text in texts])]

    def _with_texts(self, held: Held, texts: list[tuple[Text, bytes]]) -> bytes:
        """The frame with these texts in their places, and nothing in it that tells what stood there."""
        event = _event(held)
        for text, written in texts:
            put(event, text.path, written.decode())
        self._form.strip(event, [text for text, _ in texts])
        return with_payload(held.frame, _encode(event))

    def _split(self, held: Held, ready: list[bytes]) -> None:
        """Sends what is decided of a large frame's text in a copy, and keeps the rest waiting."""
        if len(held.parts) != 1 or held.ends:
            return
        part = held.parts[0]
        decided = part.guarded.decided - part.start
        if decided < _SPLIT_BYTES or part.answer.withheld:
            return
        ready.append(self._with_texts(held, [(part.text, part.guarded.render(part.data[:decided], part.start))]))
        part.data, part.start = part.data[decided:], part.start + decided
        held.frame = self._with_texts(held, [(part.text, part.data)])

    # Whole replies

    def _end_whole(self, body: bytes) -> None:
        status = self._exchange.record.status
        if status >= 400:  # upstream's own words about the request, not the model's
            self._over = True
            self.next.end(body)
            return
        if len(body) <= _LONG_BYTES:
            self._pass_whole(self._judge_whole(body))
            return
        # The patterns let go of the interpreter while they run: the other exchanges go on meanwhile.
        self._pause = breathe
        judging = asyncio.get_running_loop().run_in_executor(None, self._judge_whole, body)
        judging.add_done_callback(self._judged_aside)

    def _judged_aside(self, judging: "asyncio.Future[bytes]") -> None:
        if judging.cancelled() or self._over or self._exchange.settled:
            return
        error = judging.exception()
        if error is None:
            self._pass_whole(judging.result())
        else:
            self._over = True
            self.next.fail(InternalError("The gateway failed to judge the reply."))
            raise error  # for the log: the loop reports what a callback raises

    def _judge_whole(self, body: bytes) -> bytes:
        began = self._now()
        try:
            document = _decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            edited = self._plain(body)
        else:
            edited = self._whole(document, body)
        self._tell_seconds(began)
        return edited

    def _pass_whole(self, edited: bytes) -> None:
        if not self._guard_failed():
            self._over = True
            self.next.end(edited)
        else:
            self._stop([])

    def _plain(self, body: bytes) -> bytes:
        """A transcription that was asked for as text."""
        text = Text(0, "content", "content", (), body.decode(errors="replace"))
        judged = self._judged(text)
        if judged.cut:
            self._exchange.conclude("refused", "policy", "content_blocked")
        return body if judged.text == text.text else judged.text.encode()

    def _whole(self, document: dict[str, Any], body: bytes) -> bytes:
        reply = _WHOLES[self._exchange.request.operation.stream]()
        texts = reply.texts(document)
        changed: list[Text] = []
        withheld: set[int] = set()
        for place, text in enumerate(texts):
            if text.choice in withheld:
                continue
            rendered = self._judged(text)
            if rendered.text != text.text:
                put(document, text.path, rendered.text)
                changed.append(text)
            if rendered.cut:
                withheld.add(text.choice)
                reply.withhold(document, text.choice, [other for other in texts[place + 1 :]
                                                       if other.choice == text.choice])
        if not changed and not withheld:
            return body
        reply.strip(document, [*changed, *(text for text in texts if text.choice in withheld)])
        if len(withheld) >= self._expected:
            self._conclude_blocked()
        return _encode(document)

    def _judged(self, text: Text) -> "Judged":
        data = text.text.encode()
        if self._shadow is not None:
            whole(self._guarded(*self._shadow, text), data, self._pause)
        guarded = self._guarded(self._inspector, self._verdict, text)
        return Judged(whole(guarded, data, self._pause).decode(), guarded.finished)


class Judged(NamedTuple):
    """A whole text as it may leave; ``cut`` where a finding has ended it."""

    text: str
    cut: bool


def _event(held: Held) -> dict[str, Any]:
    if held.event is None:
        held.event = _decode(payload_of(held.frame) or b"")
    return held.event


def _answers_asked(document: dict[str, Any]) -> int:
    """How many answers a stream will bring: ``n`` for each prompt."""
    wanted, prompts = document.get("n"), document.get("prompt")
    several = len(prompts) if isinstance(prompts, list) and prompts and not isinstance(prompts[0], int) else 1
    return (wanted if isinstance(wanted, int) and wanted > 1 else 1) * several
