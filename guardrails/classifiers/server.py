"""The classifier's server: a Unix socket before the readings. One connection for each data worker."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from guardrails.classifiers.classifier import Vector
from guardrails.classifiers.frames import Ask, Drop, Frame, Frames, Malformed, Refused, States, Told, Vectors, reachable
from guardrails.classifiers.question import Found, NotRead
from guardrails.classifiers.reading import Readings

# A worker that has stopped reading is cut off: its answers must not fill the memory.
UNREAD_BYTES = 16 * 1024 * 1024
REQUESTS = 1024  # that wait on one connection


class Listener(Protocol):
    """A server that can be closed."""

    def close(self) -> None: ...


async def listen(socket: Path, readings: Readings) -> Listener:
    """Listens at ``socket``, in the place of who listened there before.

    Whom the process's umask leaves out cannot connect.
    """
    await asyncio.to_thread(socket.unlink, missing_ok=True)
    with reachable(socket) as path:
        return await asyncio.get_running_loop().create_unix_server(lambda: Connection(readings), path)


class Connection(asyncio.Protocol):
    """A worker's connection."""

    def __init__(self, readings: Readings) -> None:
        self._readings = readings
        self._frames = Frames()
        self._transport: asyncio.Transport | None = None
        self._waiting: dict[int, asyncio.Future[Found]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a stream's
        self._readings.on_change.add(self._say_states)
        self._say_states()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._readings.on_change.discard(self._say_states)
        for answer in list(self._waiting.values()):
            answer.cancel()

    def _say_states(self) -> None:
        self._send(States(dict(self._readings.states)))

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._frames.feed(data):
                self._heed(frame)
        except Malformed:
            self._close()

    def _heed(self, frame: Frame) -> None:
        if isinstance(frame, Drop):
            with suppress(KeyError):
                self._waiting[frame.id].cancel()
        elif isinstance(frame, Ask):
            self._answer(frame)
        else:
            raise Malformed("no request")

    def _answer(self, ask: Ask) -> None:
        try:
            if len(self._waiting) >= REQUESTS:
                raise NotRead("full")
            found = self._readings.ask(ask.classifier, ask.texts, ask.seconds, ask.about)
        except NotRead as error:
            self._send(Refused(ask.id, error.why))
            return
        if isinstance(found, list):
            self._send(_answer_of(ask.id, found))
            return
        self._waiting[ask.id] = found
        found.add_done_callback(lambda done: self._tell(ask.id, done))

    def _tell(self, number: int, found: "asyncio.Future[Found]") -> None:
        self._waiting.pop(number, None)
        if found.cancelled():
            return
        error = found.exception()
        if error is None:
            self._send(_answer_of(number, found.result()))
        else:
            self._send(Refused(number, error.why if isinstance(error, NotRead) else "failed"))

    def _send(self, frame: Frame) -> None:
        if self._transport is None:
            return
        self._transport.write(self._frames.encode(frame))
        if self._transport.get_write_buffer_size() > UNREAD_BYTES:
            self._close()

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def _answer_of(number: int, found: Sequence[Any]) -> Told | Vectors:
    """A text that was not read has been concluded nothing of: an empty list, whatever its classifier tells."""
    if any(isinstance(one, Vector) for one in found):
        return Vectors(number, [one if isinstance(one, Vector) else Vector(b"", b"") for one in found])
    return Told(number, list(found))
