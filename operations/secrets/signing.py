"""The host's signature, Ed25519: what it has told can be shown to be its own with the public key alone."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


class Signer:
    """Signs with the key of 32 secret bytes."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._key.public_key().public_bytes_raw()

    def sign(self, told: bytes) -> bytes:
        return self._key.sign(told)


def is_signed(public: bytes, signature: bytes, told: bytes) -> bool:
    """Whether whoever holds the key of ``public`` has signed ``told``."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, told)
    except (InvalidSignature, ValueError):
        return False
    return True
