"""Authenticated encryption of a stream in chunks, in constant memory.

The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance, 2015) over AES-256-GCM: a chunk's nonce is its number and whether it is the last. So a chunk that was
changed, moved, left out, doubled or added is found, and so is the end of the stream where it is not. A key seals one
stream only: its nonces begin at zero.
"""

from collections.abc import Iterable, Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from operations.backups.damage import Damaged

CHUNK_BYTES = 64 << 10
TAG_BYTES = 16
SEALED_BYTES = CHUNK_BYTES + TAG_BYTES


def sealed(blocks: Iterable[bytes], key: bytes) -> Iterator[bytes]:
    """The chunks of a stream, each of SEALED_BYTES but the last, which is shorter or as long."""
    cipher = AESGCM(key)
    for number, (chunk, is_last) in enumerate(with_last(in_chunks(blocks, CHUNK_BYTES))):
        yield cipher.encrypt(_nonce(number, is_last), chunk, None)


def unsealed(chunks: Iterable[bytes], key: bytes) -> Iterator[bytes]:
    """What was sealed; raises Damaged, which names the chunk by its number."""
    cipher = AESGCM(key)
    for number, (chunk, is_last) in enumerate(with_last(chunks)):
        try:
            yield cipher.decrypt(_nonce(number, is_last), chunk, None)
        except (InvalidTag, ValueError):  # a ValueError: too short to have a tag
            raise Damaged(f"chunk {number} was changed, or is not in its place") from None


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


def in_chunks(blocks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in pieces of ``size``; the last may be shorter, and is empty where all are."""
    held = bytearray()
    for block in blocks:
        held += block
        while len(held) > size:  # what is exactly full waits: it may be the last
            yield bytes(held[:size])
            del held[:size]
    yield bytes(held)


def with_last(items: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each item, and whether it is the last."""
    held: bytes | None = None
    for item in items:
        if held is not None:
            yield held, False
        held = item
    if held is not None:
        yield held, True
