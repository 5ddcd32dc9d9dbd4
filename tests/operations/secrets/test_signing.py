"""What was signed is known for it with the public key alone, and nothing else is."""

from __future__ import annotations

import pytest

from operations.secrets.signing import Signer, is_signed

SIGNER = Signer(b"s" * 32)


def test_what_was_signed_is_known_for_it() -> None:
    assert is_signed(SIGNER.public, SIGNER.sign(b"told"), b"told")


@pytest.mark.parametrize(("public", "signature", "told"), [
    (SIGNER.public, SIGNER.sign(b"told"), b"tald"), (Signer(b"t" * 32).public, SIGNER.sign(b"told"), b"told"),
    (SIGNER.public, bytes(64), b"told"), (SIGNER.public, b"", b"told"), (b"", SIGNER.sign(b"told"), b"told"),
])  # fmt: skip
def test_anything_else_is_not(public: bytes, signature: bytes, told: bytes) -> None:
    assert not is_signed(public, signature, told)
