"""A guarded whole: a reply that came in one piece, judged by the rules of a streamed one.

So both give a client the same.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from gateway.text_guards import TextGuards
from guardrails.detectors.detector import SlowReader
from guardrails.guard import Guard
from guardrails.opinions import Opinion, Question, Told
from guardrails.stream import whole
from guardrails.stretch_judging import MOST
from models.protocol.operations import StreamForm
from models.protocol.texts.chat import ChatReply
from models.protocol.texts.messages import MessagesReply
from models.protocol.texts.responses import ResponsesReply
from models.protocol.texts.text import Text, Whole, put

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode
_WHOLES: dict[str, type[Whole]] = {"chat": ChatReply, "responses": ResponsesReply, "messages": MessagesReply}


class Judged(NamedTuple):
    """A reply as it may leave. ``blocked``: nothing is left of what the model wanted to say."""

    body: bytes
    blocked: bool


class Wanted:
    """What slow judges are to be asked about, for whoever asks them; no more of it than they would take."""

    def __init__(self) -> None:
        self.questions: list[tuple[Guard, SlowReader, Question]] = []

    def ask(self, guard: Guard, reader: SlowReader, asked: Question, told: Told) -> Opinion:
        if len(self.questions) < MOST:
            self.questions.append((guard, reader, asked))
        return Opinion()


class GuardedWhole:
    """Judges one body; ``expected`` answers are in it. May do so in another thread."""

    def __init__(self, form: StreamForm, guards: TextGuards, expected: int) -> None:
        self._reply = _WHOLES[form]()
        self._guards = guards
        self._expected = expected

    def wanted(self, body: bytes) -> Wanted:
        wanted = Wanted()
        document = _read(body)
        for text in [_plain(body)] if document is None else self._reply.texts(document):
            self._guards.ask(text, wanted)
        return wanted

    def judged(self, body: bytes, pause: Callable[[], None] | None = None) -> Judged:
        """``pause`` is called now and then where it is long."""
        document = _read(body)
        if document is not None:
            return self._judged_document(document, body, pause)
        text = _plain(body)  # a transcription that was asked for as text
        said, cut = self._judged_text(text, pause)
        return Judged(body if said == text.text else said.encode(), cut)

    def _judged_document(self, document: dict[str, Any], body: bytes, pause: Callable[[], None] | None) -> Judged:
        texts = self._reply.texts(document)
        changed: list[Text] = []
        withheld: set[int] = set()
        for place, text in enumerate(texts):
            if text.choice in withheld:
                continue
            said, cut = self._judged_text(text, pause)
            if said != text.text:
                put(document, text.path, said)
                changed.append(text)
            if cut:
                withheld.add(text.choice)
                self._reply.withhold(document, text.choice, [other for other in texts[place + 1 :]
                                                             if other.choice == text.choice])
        if not changed and not withheld:
            return Judged(body, False)
        self._reply.strip(document, [*changed, *(text for text in texts if text.choice in withheld)])
        return Judged(_encode(document), len(withheld) >= self._expected)

    def _judged_text(self, text: Text, pause: Callable[[], None] | None) -> tuple[str, bool]:
        """The text as it may leave, and whether a finding has ended it."""
        data = text.text.encode()
        shadow = self._guards.shadow(text)
        if shadow is not None:
            whole(shadow, data, pause)
        guarded = self._guards.live(text)
        said = whole(guarded, data, pause).decode()
        if self._guards.keeps:
            self._guards.keep(guarded, text, data)
        return said, guarded.finished


def _read(body: bytes) -> dict[str, Any] | None:
    try:
        return _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _plain(body: bytes) -> Text:
    return Text(0, "content", "content", (), body.decode(errors="replace"))
