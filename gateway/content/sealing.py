"""Seals what is kept. Whoever holds the sealing key can close a segment and never open one.

A segment's key comes of an X25519 exchange between a key pair made for it and the receiver's public key, by HKDF with
SHA-256 (as in RFC 9180, which this is a small part of). Its frames are AES-256-GCM under their number: one that is
changed, moved or left out does not open.

    magic 4 | receiver 8 | public key 32 | frame*        frame: length u32 little-endian | ciphertext and tag
"""

import struct
from collections.abc import Callable
from hashlib import sha256

MAGIC = b"GWC1"
RECEIVER_BYTES = 8
HEAD_BYTES = len(MAGIC) + RECEIVER_BYTES + 32
MAX_FRAME_BYTES = 4 << 20
LENGTH = struct.Struct("<I")
NONCE_BYTES = 12


def receiver_of(sealing: bytes) -> bytes:
    """By what a segment tells whose it is: 8 bytes of the public key's SHA-256."""
    return sha256(sealing).digest()[:RECEIVER_BYTES]


def segment_key(shared: bytes, ephemeral: bytes, sealing: bytes) -> bytes:
    """The 32 bytes of a segment, of what both sides of the exchange come to and their public keys."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF
    return HKDF(SHA256(), 32, None, b"gatewright sealed content" + ephemeral + sealing).derive(shared)


class Sealer:
    """Seals the frames of one segment. ``head`` is what the segment begins with."""

    def __init__(self, sealing: bytes, entropy: Callable[[int], bytes]) -> None:
        # Imported here: only where content is kept is it worth the milliseconds.
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        own = X25519PrivateKey.from_private_bytes(entropy(32))
        ephemeral = own.public_key().public_bytes_raw()
        shared = own.exchange(X25519PublicKey.from_public_bytes(sealing))
        self.head = MAGIC + receiver_of(sealing) + ephemeral
        self._encrypt = AESGCM(segment_key(shared, ephemeral, sealing)).encrypt
        self._number = 0

    def seal(self, payload: bytes) -> bytes:
        """The next frame; raises OverflowError where no reader would take it."""
        sealed = self._encrypt(self._number.to_bytes(NONCE_BYTES), payload, None)
        if len(sealed) > MAX_FRAME_BYTES:
            raise OverflowError("larger than any reader takes")
        self._number += 1
        return LENGTH.pack(len(sealed)) + sealed
