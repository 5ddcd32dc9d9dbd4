"""A data worker's end: one connection to the classifier process, made again whenever it is lost.

Whoever asks while there is none gets an error at once: what that means is the policy's to say.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from guardrails.classifiers.classifier import ClassifierAway, Span, Vector
from guardrails.classifiers.frames import (
    Ask,
    Drop,
    Frame,
    Frames,
    Malformed,
    Refused,
    States,
    Told,
    Vectors,
    reachable,
)
from guardrails.detectors.detector import Overloaded

IN_FLIGHT = 256
UNSENT_BYTES = 16 * 1024 * 1024
REQUEST_CHARACTERS = 4_000_000
FIRST_WAIT_SECONDS = 0.05
LONGEST_WAIT_SECONDS = 1.0

Answer = Told | Vectors | Refused


class ClientLog(Protocol):
    """Where it is told that the process came and went."""

    def info(self, event: str, **fields: Any) -> None: ...
    def warning(self, event: str, **fields: Any) -> None: ...


class ClassifierClient:
    """``run`` must be running for as long as it is used."""

    def __init__(self, socket: Path, log: ClientLog) -> None:
        self._socket = socket
        self._log = log
        self._link: _Link | None = None
        self._count = 0

    @property
    def connected(self) -> bool:
        return self._link is not None

    def state(self, classifier: str) -> str:
        """Whether it can be asked: ready, loading or broken, as the process says; away where that cannot be asked."""
        return "away" if self._link is None else self._link.states.get(classifier, "away")

    async def run(self) -> None:
        """Connects, again and again, until it is cancelled."""
        wait = FIRST_WAIT_SECONDS
        while True:
            try:
                self._link = await self._connect()
            except OSError:
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT_SECONDS)
                continue
            wait = FIRST_WAIT_SECONDS
            self._log.info("classifier_connected")
            try:
                await self._link.lost
            finally:
                self._link.close()
                self._link = None
            self._log.warning("classifier_lost")
            await asyncio.sleep(wait)

    async def _connect(self) -> "_Link":
        with reachable(self._socket) as path:
            _, link = await asyncio.get_running_loop().create_unix_connection(_Link, path)
        return link

    async def read(self, classifier: str, texts: Sequence[str], seconds: float,
                   about: Mapping[str, list[str]] | None = None) -> list[list[Span]]:
        """What ``classifier`` finds in each text, within ``seconds``; ``about``: the texts, by label, that one which
        compares is to compare them with. Given up, it is told to forget it.

        Raises Overloaded where there is no room, here or there; TimeoutError; ClassifierAway.
        """
        answer = await self._ask(classifier, texts, seconds, about or {})
        if not isinstance(answer, Told) or len(answer.found) != len(texts):
            raise ClassifierAway("it answered something else")
        return answer.found

    async def embed(self, classifier: str, texts: Sequence[str], seconds: float) -> list[Vector]:
        """Each text as a vector, of no values where ``classifier`` cannot take it. Raises what ``read`` raises."""
        answer = await self._ask(classifier, texts, seconds, {})
        if isinstance(answer, Told) and not any(answer.found):
            return [Vector(b"", b"")] * len(texts)
        if not isinstance(answer, Vectors) or len(answer.vectors) != len(texts):
            raise ClassifierAway("it answered something else")
        return answer.vectors

    async def _ask(self, classifier: str, texts: Sequence[str], seconds: float,
                   about: Mapping[str, list[str]]) -> Told | Vectors:
        if self._link is None:
            raise ClassifierAway("it is not running")
        self._count += 1
        answer = await self._link.ask(Ask(self._count, classifier, list(texts), seconds, dict(about)))
        if not isinstance(answer, Refused):
            return answer
        if answer.why == "full":
            raise Overloaded
        if answer.why == "late":
            raise TimeoutError
        raise ClassifierAway(answer.why)


class _Link(asyncio.Protocol):
    """One connection, and who waits on it."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._frames = Frames()
        self._transport: asyncio.Transport | None = None
        self._waiting: dict[int, asyncio.Future[Answer]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a stream's

    async def ask(self, ask: Ask) -> Answer:
        transport = self._transport
        if transport is None or transport.is_closing():
            raise ClassifierAway("it is not running")
        if len(self._waiting) >= IN_FLIGHT or transport.get_write_buffer_size() > UNSENT_BYTES or (
                sum(map(len, ask.texts)) > REQUEST_CHARACTERS):
            raise Overloaded
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[ask.id] = answer
        transport.write(self._frames.encode(ask))
        try:
            return await answer
        except asyncio.CancelledError:
            if not transport.is_closing():
                transport.write(self._frames.encode(Drop(ask.id)))
            raise
        finally:
            del self._waiting[ask.id]

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._frames.feed(data):
                self._heed(frame)
        except Malformed:
            self.close()

    def _heed(self, frame: Frame) -> None:
        if isinstance(frame, States):
            self.states = frame.of
            return
        if not isinstance(frame, Told | Vectors | Refused):
            raise Malformed("no answer")
        answer = self._waiting.get(frame.id)
        if answer is not None and not answer.done():
            answer.set_result(frame)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ClassifierAway("it has ended"))
        if not self.lost.done():
            self.lost.set_result(None)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()
