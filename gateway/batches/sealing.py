"""Sealed files: encrypted at rest, written once from beginning to end, read anywhere.

    magic 4 | salt 16 | chunk*        chunk: 64 KiB of the content under AES-256-GCM, and its tag of 16 bytes

A chunk's nonce is its number and whether it is the last one: chunks that are moved, left out or cut off do not open.
(STREAM of Hoang, Reyhanitabar, Rogaway and Vizar, "Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance", 2015.) Each file has a key of its own, of the host's secret, its salt and what it is: so no file can
be put in another's place.
"""

import os
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"GWF1"
SALT_BYTES = 16
HEAD_BYTES = len(MAGIC) + SALT_BYTES
CHUNK_BYTES = 64 << 10
TAG_BYTES = 16
NONCE_BYTES = 12
Entropy = Callable[[int], bytes]


class Damaged(Exception):
    """What lies there is not what was written under this name with this host's key."""


def cipher_of(secret: bytes, salt: bytes, about: str) -> "AESGCM":
    """AES-256-GCM under the key of one file: ``about`` says which."""
    # Some milliseconds, which only those pay who are sent files.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    return AESGCM(blake2b(about.encode(), key=secret, salt=salt, person=b"sealed file", digest_size=32).digest())


class SealedWriter:
    """Writes one file. Without ``close`` it has no end, and no reader takes it. Raises OSError as files do."""

    def __init__(self, fd: int, secret: bytes, about: str, entropy: Entropy = os.urandom) -> None:
        """Takes over ``fd``, which is empty and open for writing."""
        self.size = 0
        self._fd = fd
        salt = entropy(SALT_BYTES)
        self._encrypt = cipher_of(secret, salt, about).encrypt
        self._number = 0
        self._held = bytearray()
        _write(fd, MAGIC + salt)

    def write(self, data: bytes) -> None:
        self.size += len(data)
        held = self._held
        held += data
        while len(held) > CHUNK_BYTES:  # one is always kept back: it may be the last
            self._put(bytes(held[:CHUNK_BYTES]), last=False)
            del held[:CHUNK_BYTES]

    def finish(self) -> int:
        """Writes the end; returns the descriptor, which is the caller's again."""
        self._put(bytes(self._held), last=True)
        fd, self._fd = self._fd, -1
        return fd

    def close(self, *, sync: bool = True) -> None:
        """Writes the end, and waits for the disk."""
        fd = self.finish()
        try:
            if sync:
                os.fsync(fd)
        finally:
            os.close(fd)

    def abandon(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _put(self, chunk: bytes, *, last: bool) -> None:
        _write(self._fd, self._encrypt(_nonce(self._number, last), chunk, None))
        self._number += 1


class SealedReader:
    """Reads one file, anywhere, a chunk at a time in memory. Raises Damaged, OSError."""

    def __init__(self, fd: int, secret: bytes, about: str) -> None:
        """Takes over ``fd``."""
        self._fd = fd
        head = os.pread(fd, HEAD_BYTES, 0)
        if len(head) < HEAD_BYTES or not head.startswith(MAGIC):
            raise Damaged("no sealed file")
        self._decrypt = cipher_of(secret, head[len(MAGIC):], about).decrypt
        body = os.fstat(fd).st_size - HEAD_BYTES
        self._chunks = -(-body // (CHUNK_BYTES + TAG_BYTES))
        self.size = max(0, body - self._chunks * TAG_BYTES)
        self._at = -1
        self._chunk = b""

    @classmethod
    def of(cls, path: Path, secret: bytes, about: str) -> Self:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return cls(fd, secret, about)
        except BaseException:
            os.close(fd)
            raise

    def read(self, start: int, length: int) -> bytes:
        """``length`` bytes from ``start`` on; fewer where the file ends."""
        end = min(start + length, self.size)
        parts = []
        while start < end:
            chunk = self._opened(start // CHUNK_BYTES)
            offset = start % CHUNK_BYTES
            parts.append(chunk[offset : offset + end - start])
            start += len(parts[-1])
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def chunks(self) -> Iterator[bytes]:
        """All of it, in order."""
        for number in range(self._chunks):
            yield self._opened(number)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _opened(self, number: int) -> bytes:
        if number != self._at:
            from cryptography.exceptions import InvalidTag
            sealed = os.pread(self._fd, CHUNK_BYTES + TAG_BYTES, HEAD_BYTES + number * (CHUNK_BYTES + TAG_BYTES))
            try:
                self._chunk = self._decrypt(_nonce(number, number == self._chunks - 1), sealed, None)
            except (InvalidTag, ValueError):
                raise Damaged(f"chunk {number} does not open") from None
            self._at = number
        return self._chunk


class Notes:
    """Small documents, each sealed whole under what it is ``about``."""

    def __init__(self, secret: bytes, entropy: Entropy = os.urandom) -> None:
        self._secret = secret
        self._entropy = entropy

    def closed(self, payload: bytes, about: str) -> bytes:
        salt = self._entropy(SALT_BYTES)  # a new key each time: the nonce may be the same
        return salt + cipher_of(self._secret, salt, about).encrypt(bytes(NONCE_BYTES), payload, None)

    def opened(self, data: bytes, about: str) -> bytes:
        """Raises Damaged."""
        from cryptography.exceptions import InvalidTag
        try:
            return cipher_of(self._secret, data[:SALT_BYTES], about).decrypt(
                bytes(NONCE_BYTES), data[SALT_BYTES:], None)
        except (InvalidTag, ValueError):
            raise Damaged(f"{about} does not open") from None


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(NONCE_BYTES - 1) + (b"\x01" if last else b"\x00")


def _write(fd: int, data: bytes) -> None:
    """All of it: a disk that is nearly full takes a part and says so only the next time."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view):]
