"""The vault: the subjects' keys, wrapped under the master key, and what is encrypted under them (AES-256-GCM)."""

import os
import zlib
from collections.abc import Callable
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.content.sealing import NONCE_BYTES
from operations.secrets.master import MasterKey

KEY_BYTES = 32
_LEVEL = 1  # of compression: frames of a stream say the same around every word


class WrongMasterKey(Exception):
    """Something was encrypted under another master key than this host's."""

    def __init__(self, of: str, held: str) -> None:
        super().__init__(f"It was encrypted under master key {of}, and this host holds {held}: start it with the other "
                         "one in GATEWRIGHT_MASTER_KEY.")


class Damaged(Exception):
    """Bytes that do not open under the key that they are meant for."""


class WrappedKey(NamedTuple):
    """A subject's key as it is stored: ``wrapped_by`` tells the master key."""

    id: str
    wrapped_by: str
    wrapped: bytes


class Vault:
    """Holds the key that wraps. ``id`` names the master key and tells nothing of it."""

    def __init__(self, master: MasterKey, entropy: Callable[[int], bytes] = os.urandom) -> None:
        wrapping = master.derived("content")
        self.id = sha256(b"gatewright key id" + wrapping).hexdigest()[:16]
        self._wrapping = AESGCM(wrapping)
        self._entropy = entropy

    def new_key(self, tenant: str, subject: str) -> tuple[WrappedKey, bytes]:
        """A key for a subject: wrapped, and as it is."""
        key, name = self._entropy(KEY_BYTES), self._entropy(16).hex()
        nonce = self._entropy(NONCE_BYTES)
        return WrappedKey(name, self.id, nonce + self._wrapping.encrypt(nonce, key, _place(name, tenant, subject))), key

    def unwrapped(self, key: WrappedKey, tenant: str, subject: str) -> bytes:
        """Raises WrongMasterKey, Damaged."""
        if key.wrapped_by != self.id:
            raise WrongMasterKey(key.wrapped_by, self.id)
        return _decrypted(self._wrapping, key.wrapped, _place(key.id, tenant, subject))

    def encrypted(self, key: bytes, item: str, body: bytes) -> bytes:
        """``body`` of the item of that id, compressed."""
        nonce = self._entropy(NONCE_BYTES)
        return nonce + AESGCM(key).encrypt(nonce, zlib.compress(body, _LEVEL), _place(item))

    def decrypted(self, key: bytes, item: str, sealed: bytes) -> bytes:
        """Raises Damaged."""
        return zlib.decompress(_decrypted(AESGCM(key), sealed, _place(item)))


def _place(*names: str) -> bytes:
    """Where a ciphertext belongs: it opens nowhere else."""
    return b"".join(b"%d:%b" % (len(name.encode()), name.encode()) for name in names)


def _decrypted(cipher: AESGCM, sealed: bytes, place: bytes) -> bytes:
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place)
    except (InvalidTag, ValueError):
        raise Damaged("it does not open: the bytes are not those that were stored") from None
