"""What a data worker and the classifier process say to each other: frames of MessagePack with their length before.

    worker      Ask(id, classifier, texts, seconds)    Drop(id): nobody waits for it any more
    classifier  Told(id, found)                        Refused(id, why)
                Vectors(id, vectors): in place of Told, from one that turns texts into vectors
                States(of): which classifiers there are, and whether they can be asked; at first, and at every change

Requests go out one after the other without waiting; answers come back in any order, by id.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from guardrails.classifiers.classifier import Span, Vector

LONGEST_BYTES = 64 * 1024 * 1024
_LENGTH_BYTES = 4

# full: there is no room; late: its time was over before it was read; loading: not yet; unknown: no such classifier;
# broken: it could not be loaded; failed: the classifier raised.
Why = Literal["full", "late", "loading", "unknown", "broken", "failed"]


class Ask(msgspec.Struct, tag="ask", array_like=True, frozen=True):
    """``seconds``: after that the answer is of no use. ``about``: texts by label, for a classifier that compares."""

    id: int
    classifier: str
    texts: list[str]
    seconds: float
    about: dict[str, list[str]] = {}


class Drop(msgspec.Struct, tag="drop", array_like=True, frozen=True):
    id: int


class Told(msgspec.Struct, tag="told", array_like=True, frozen=True):
    """``found``: of each text, in their order."""

    id: int
    found: list[list[Span]]


class Vectors(msgspec.Struct, tag="vectors", array_like=True, frozen=True):
    """``vectors``: of each text, in their order."""

    id: int
    vectors: list[Vector]


class Refused(msgspec.Struct, tag="refused", array_like=True, frozen=True):
    id: int
    why: Why


class States(msgspec.Struct, tag="states", array_like=True, frozen=True):
    """``of``: by the classifier's name: loading, ready or broken."""

    of: dict[str, str]


Frame = Ask | Drop | Told | Vectors | Refused | States


class Malformed(ValueError):
    """What came is no frame: the connection cannot be trusted any further."""


class Frames:
    """Frames to bytes and back, as they arrive in pieces."""

    def __init__(self) -> None:
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)
        self._arrived = bytearray()

    def encode(self, frame: Frame) -> bytes:
        body = self._encoder.encode(frame)
        return len(body).to_bytes(_LENGTH_BYTES, "big") + body

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are whole now; raises Malformed."""
        self._arrived += data
        found: list[Frame] = []
        at = 0
        while len(self._arrived) - at >= _LENGTH_BYTES:
            length = int.from_bytes(self._arrived[at : at + _LENGTH_BYTES], "big")
            if length > LONGEST_BYTES:
                raise Malformed(f"a frame of {length} bytes")
            end = at + _LENGTH_BYTES + length
            if len(self._arrived) < end:
                break
            found.append(self._decoded(at + _LENGTH_BYTES, end))
            at = end
        del self._arrived[:at]
        return found

    def _decoded(self, start: int, end: int) -> Frame:
        try:
            frame: Frame = self._decoder.decode(bytes(memoryview(self._arrived)[start:end]))
            return frame
        except msgspec.MsgspecError as error:
            raise Malformed(str(error)) from None


def socket_in(state: Path) -> Path:
    """Where the classifier process listens."""
    return state / "classifier.sock"


@contextmanager
def reachable(socket: Path) -> Iterator[str]:
    """A name for ``socket`` that is short enough: Unix allows 107 bytes, and state folders lie deep. For as long as it
    is used to bind or connect; raises OSError where the folder is not there."""
    folder = os.open(socket.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{socket.name}"
    finally:
        os.close(folder)
