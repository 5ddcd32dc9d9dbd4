"""The audit log: segments that seal stretches of chains, and checkpoints that sign all segments so far."""

import base64
import binascii
from hashlib import sha256
from typing import Any

import msgspec

from operations.audit.merkle import leaf_hash
from operations.secrets.signing import Signer, is_signed

CONTEXT = b"gatewright audit checkpoint v1\n"  # what else the key may sign is never taken for one
_encode = msgspec.json.Encoder(order="sorted").encode


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """Records ``first`` to ``last`` of a writer: ``count`` of them, whose digests have the Merkle root ``root``; the
    last of them, or of those before, has the digest ``head``. ``gaps`` are the places between that no record has, each
    as [first, last, why]. After a ``final`` one the chain takes no more."""

    number: int  # its place in the log, from 0 on
    at: float
    writer: str
    first: int
    last: int
    count: int
    root: bytes
    head: bytes
    gaps: list[list[Any]] = []
    final: bool = False

    def told(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**msgspec.structs.asdict(self), "root": self.root.hex(), "head": self.head.hex()}

    def leaf(self) -> bytes:
        """What stands for it in the log's tree."""
        return leaf_hash(_encode(self.told()))

    def __contains__(self, sequence: int) -> bool:
        return self.first <= sequence <= self.last


def segment_of(told: dict[str, Any]) -> Segment:
    """The reverse of ``told``; raises ValueError."""
    return msgspec.convert({**told, "root": bytes.fromhex(told["root"]), "head": bytes.fromhex(told["head"])}, Segment)


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """The signed root of the tree of the log's first ``size`` segments. ``previous`` is the digest of the checkpoint
    before. ``restored`` is set where the database was found behind the second place, on the checkpoint of that number
    (0: none): then the one before is the second place's last, and what lay between is lost."""

    number: int  # from 1 on
    at: float
    log: str  # drawn when the log began
    size: int
    root: bytes
    previous: bytes
    restored: int | None = None
    key: str  # the public key, in hexadecimal
    signature: bytes = b""

    def signed(self) -> bytes:
        """The bytes that the signature is of."""
        told = self.told()
        del told["signature"]
        return CONTEXT + _encode(told)

    def digest(self) -> bytes:
        return sha256(self.signed()).digest()

    def told(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**msgspec.structs.asdict(self), "root": self.root.hex(), "previous": self.previous.hex(),
                "signature": base64.b64encode(self.signature).decode()}

    def signed_by(self, signer: Signer) -> "Checkpoint":
        return msgspec.structs.replace(self, signature=signer.sign(self.signed()))

    def is_of(self, public: bytes) -> bool:
        """Whether the holder of this key signed it."""
        return self.key == public.hex() and is_signed(public, self.signature, self.signed())


def checkpoint_of(told: dict[str, Any]) -> Checkpoint:
    """The reverse of ``told``; raises ValueError."""
    try:
        return msgspec.convert({
            **told, "root": bytes.fromhex(told["root"]), "previous": bytes.fromhex(told["previous"]),
            "signature": base64.b64decode(told["signature"], validate=True)}, Checkpoint)
    except (KeyError, TypeError, binascii.Error, msgspec.ValidationError) as error:
        raise ValueError(f"no checkpoint: {error}") from None
