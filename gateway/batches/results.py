"""The results of a batch while it runs: a journal beside its input, in the order in which lines came to an end.

    magic 4 | salt 16 | frame*        frame: length u32 little-endian | nonce 12 | ciphertext and tag

A frame's tag covers its place, and is its checksum too. A frame that is torn (the machine went down) ends the journal,
and what comes next is written over it: so nonces are drawn and not counted. What was written survives the end of the
process; ``sync`` makes it survive the machine's.

The result of a line carries the record of its exchange. It is written first, and the record goes to the gateway's
journal in the same turn: whatever ends the process in between, only the record of the last frame can be missing there.
Who takes the batch over writes that one: see gateway.batches.last_record.
"""

import os
import struct
from array import array
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gateway.batches.pace import gently
from gateway.batches.sealing import NONCE_BYTES, SALT_BYTES, TAG_BYTES, Damaged, Entropy, cipher_of
from gateway.record import ExchangeRecord

MAGIC = b"GWR1"
_HEAD_BYTES = len(MAGIC) + SALT_BYTES
_LENGTH = struct.Struct("<I")
_MOST_FRAME_BYTES = 160 << 20
_NOWHERE = 0


class Result(msgspec.Struct, frozen=True, array_like=True):
    """What a line came to. ``line`` counts from 0; ``status`` and ``body`` are the reply's."""

    line: int
    custom_id: str
    status: int
    request_id: str
    body: bytes
    record: ExchangeRecord

    @property
    def is_answer(self) -> bool:
        return self.status < 400


class Results:
    """``at`` has, for each of ``total`` lines, where its result stands; 0: it has none."""

    def __init__(self, path: Path, secret: bytes, about: str, total: int, entropy: Entropy = os.urandom) -> None:
        """Opens the journal, or makes it. Reads what is there: belongs in a thread. Raises Damaged, OSError."""
        self.at = array("Q", bytes(8 * total))
        self.last: Result | None = None
        self.completed = self.failed = 0
        self.prompt_tokens = self.cached_tokens = self.completion_tokens = 0
        self._entropy = entropy
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(Result).decode
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._open(secret, about)
        except BaseException:
            os.close(self._fd)
            raise

    def _open(self, secret: bytes, about: str) -> None:
        head = os.pread(self._fd, _HEAD_BYTES, 0)
        if len(head) < _HEAD_BYTES:
            head = MAGIC + self._entropy(SALT_BYTES)
            os.pwrite(self._fd, head, 0)
        elif not head.startswith(MAGIC):
            raise Damaged("no journal of results")
        self._cipher = cipher_of(secret, head[len(MAGIC):], about)
        self.size = _HEAD_BYTES
        for place, result, following in gently(self._frames()):
            self._note(place, result)
            self.size = following

    def __len__(self) -> int:
        """How many lines have come to an end."""
        return self.completed + self.failed

    def append(self, result: Result) -> None:
        """Raises OSError; the journal is as it was then."""
        nonce = self._entropy(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, self._encode(result), self.size.to_bytes(8))
        frame = _LENGTH.pack(len(sealed)) + nonce + sealed
        if os.pwrite(self._fd, frame, self.size) < len(frame):
            raise OSError("the disk is full")
        place, self.size = self.size, self.size + len(frame)
        self._note(place, result)

    def _note(self, place: int, result: Result) -> None:
        if result.line >= len(self.at) or self.at[result.line] != _NOWHERE:
            raise Damaged("two results of one line")
        self.at[result.line] = place
        self.last = result
        if result.is_answer:
            self.completed += 1
            self.prompt_tokens += result.record.prompt_tokens
            self.cached_tokens += result.record.cached_tokens
            self.completion_tokens += result.record.completion_tokens
        else:
            self.failed += 1

    def of(self, line: int) -> Result | None:
        """The result of a line, read again."""
        place = self.at[line]
        return None if place == _NOWHERE else self._frame(place)[0]

    def _frames(self) -> Iterator[tuple[int, Result, int]]:
        place, end = self.size, os.fstat(self._fd).st_size
        while place < end:
            try:
                result, following = self._frame(place)
            except Damaged:
                return  # torn: what follows is nothing that anybody was told of
            yield place, result, following
            place = following

    def _frame(self, place: int) -> tuple[Result, int]:
        from cryptography.exceptions import InvalidTag
        head = os.pread(self._fd, _LENGTH.size + NONCE_BYTES, place)
        length = _LENGTH.unpack(head[: _LENGTH.size])[0] if len(head) == _LENGTH.size + NONCE_BYTES else 0
        if not TAG_BYTES < length <= _MOST_FRAME_BYTES:
            raise Damaged("a torn frame")
        start = place + len(head)
        sealed = os.pread(self._fd, length, start)
        try:
            payload = self._cipher.decrypt(head[_LENGTH.size:], sealed, place.to_bytes(8))
        except (InvalidTag, ValueError):
            raise Damaged("a torn frame") from None
        return self._decode(payload), start + length

    def sync(self) -> None:
        """Brings what was written to the disk. Raises OSError."""
        os.fdatasync(self._fd)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
