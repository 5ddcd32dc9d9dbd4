"""Opens what the workers have sealed, frame by frame, while it is still being written too."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.content.item import Item
from gateway.content.sealing import (
    HEAD_BYTES,
    LENGTH,
    MAGIC,
    MAX_FRAME_BYTES,
    NONCE_BYTES,
    RECEIVER_BYTES,
    receiver_of,
    segment_key,
)
from operations.secrets.master import MasterKey


class NotOurs(Exception):
    """A segment that was sealed for the holder of another master key."""


class Opener:
    """Holds the private half of the sealing key."""

    def __init__(self, master: MasterKey) -> None:
        self._private = X25519PrivateKey.from_private_bytes(master.derived("sealing"))
        self._public = self._private.public_key().public_bytes_raw()

    def cipher_of(self, head: bytes) -> AESGCM:
        """What opens the frames behind ``head``; raises NotOurs."""
        receiver, ephemeral = head[len(MAGIC) : len(MAGIC) + RECEIVER_BYTES], head[len(MAGIC) + RECEIVER_BYTES :]
        if head[: len(MAGIC)] != MAGIC or receiver != receiver_of(self._public):
            raise NotOurs(receiver.hex())
        shared = self._private.exchange(X25519PublicKey.from_public_bytes(ephemeral))
        return AESGCM(segment_key(shared, ephemeral, self._public))


class SealedSegment:
    """A reader's place in one segment. ``torn`` once there is something that does not open: nothing after it does."""

    def __init__(self, path: Path, opener: Opener) -> None:
        self.path = path
        self.torn = False
        self._opener = opener
        self._cipher: AESGCM | None = None
        self._position = HEAD_BYTES
        self._number = 0

    def read(self, limit_bytes: int) -> Iterator[Item]:
        """The items that are whole, from where reading stopped last. Raises NotOurs, OSError."""
        with self.path.open("rb") as file:
            if self._cipher is None:
                self._cipher = self._opener.cipher_of(file.read(HEAD_BYTES))
            file.seek(self._position)
            while limit_bytes > 0 and not self.torn:
                length = self._length(file.read(LENGTH.size))
                sealed = file.read(length)
                if not length or len(sealed) < length:
                    return  # its writer may be at it
                limit_bytes -= length
                yield from self._opened(sealed)

    def _length(self, prefix: bytes) -> int:
        if len(prefix) < LENGTH.size:
            return 0
        length: int = LENGTH.unpack(prefix)[0]
        self.torn = not 0 < length <= MAX_FRAME_BYTES
        return 0 if self.torn else length

    def _opened(self, sealed: bytes) -> Iterator[Item]:
        assert self._cipher is not None
        try:
            payload = self._cipher.decrypt(self._number.to_bytes(NONCE_BYTES), sealed, None)
            item = msgspec.msgpack.decode(payload, type=Item)
        except (InvalidTag, msgspec.DecodeError):
            self.torn = True
            return
        self._number += 1
        self._position += LENGTH.size + len(sealed)
        yield item

    @property
    def unread_bytes(self) -> int:
        try:
            return max(0, self.path.stat().st_size - self._position)
        except FileNotFoundError:
            return 0
