"""Held frames: those of a guarded stream that wait until all their text is decided.

A frame leaves as the bytes that it came in, or with its text edited where something was redacted in it. A frame without
text waits for those before it. Where a finding blocks, the answer ends before it, well-formed, with ``content_filter``.
"""

from collections import deque
from typing import Any

import msgspec

from gateway.text_guards import TextGuards
from guardrails.stream import GuardedText, whole
from models.protocol.events import payload_of, with_payload
from models.protocol.texts.text import Form, Text, put

_encode = msgspec.json.Encoder().encode
decode_event = msgspec.json.Decoder(dict[str, Any]).decode
# A frame with this much decided text does not wait for the rest of it: what is decided leaves in a copy of its own.
SPLIT_BYTES = 64


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
    """A frame that waits. ``event`` is its payload, where that had to be decoded; ``ends`` the answers that it ends;
    ``repeated`` the whole texts that it says again."""

    frame: bytes
    parts: list[Part] = []
    event: dict[str, Any] | None = None
    ends: list[Answer] = []
    repeated: list[Text] = []


class Shape(msgspec.Struct, eq=False):
    """How the frames of one text are written: all the same but for the piece. Saves decoding nearly every frame."""

    before: bytes
    after: bytes
    answer: Answer
    text: Text


class HeldFrames:
    """The queue. ``withheld`` counts the answers that were ended."""

    __slots__ = ("_form", "_guards", "queue", "withheld")

    def __init__(self, form: Form, guards: TextGuards) -> None:
        self._form = form
        self._guards = guards
        self.queue: deque[Held | Part] = deque()
        self.withheld = 0

    @property
    def size(self) -> int:
        """In bytes, of all that wait."""
        return sum(len(held.frame) for held in self.queue)

    def ready(self) -> list[bytes]:
        """The frames that may leave now, as they leave."""
        queue = self.queue
        ready: list[bytes] = []
        while queue:
            held = queue[0]
            if isinstance(held, Part):
                if not held.decided and len(held.data) <= SPLIT_BYTES:
                    break
                held = queue[0] = Held(held.frame, [held])
            if not all(part.decided for part in held.parts):
                self._split(held, ready)
                break
            queue.popleft()
            self._render(held, ready)
        return ready

    def _render(self, held: Held, ready: list[bytes]) -> None:
        if held.repeated:
            held.frame = self._with_repeated(held)
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
            self.withheld += 1
            ready.append(self._form.end_answer(answer.number, key))

    def _with_repeated(self, held: Held) -> bytes:
        """An event that says whole texts again: each is edited as its stream was. The slow judges have told of them by
        now; what was never streamed nobody has judged, and it does not leave."""
        event = _event(held)
        changed = []
        for text in held.repeated:
            data = text.text.encode()
            rendered = whole(self._guards.again(text), data)
            if rendered != data:
                put(event, text.path, rendered.decode())
                changed.append(text)
        if not changed:
            return held.frame
        self._form.strip(event, changed)
        return with_payload(held.frame, _encode(event))

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
        if decided < SPLIT_BYTES or part.answer.withheld:
            return
        ready.append(self._with_texts(held, [(part.text, part.guarded.render(part.data[:decided], part.start))]))
        part.data, part.start = part.data[decided:], part.start + decided
        held.frame = self._with_texts(held, [(part.text, part.data)])


def _event(held: Held) -> dict[str, Any]:
    if held.event is None:
        held.event = decode_event(payload_of(held.frame) or b"")
    return held.event
