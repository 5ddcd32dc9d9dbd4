"""What is kept of an exchange or a signal, and the commitment by which its record vouches for it."""

from hashlib import sha256

import msgspec

SALT_BYTES = 32
MOST_BYTES = 1 << 20  # of each side


class Body(msgspec.Struct, frozen=True, array_like=True):
    """What was asked and answered, as the guards left it; of feedback, the comment.

    ``prompt`` is the request's document in JSON, ``reply`` the bytes that went to the client, of ``media`` type; either
    is empty where it is not kept, and is cut behind ``MOST_BYTES``. ``withheld`` says why there is no reply although
    one was to be kept. The salt is random: without the body nothing can be told from its commitment.
    """

    salt: bytes
    prompt: bytes = b""
    reply: bytes = b""
    media: str = ""
    prompt_cut: bool = False
    reply_cut: bool = False
    withheld: str = ""
    comment: str = ""


class Item(msgspec.Struct, frozen=True, array_like=True):
    """A body, encoded, and whose it is. ``id`` is that of the record which commits to it: ``exchange`` again, or a
    signal's. Times are Unix seconds: ``until`` is when the routing wants it gone.
    """

    id: str
    exchange: str
    started_at: float  # of the exchange or the signal
    tenant: str
    subject: str  # empty where the request named nobody
    retention: str
    until: float
    body: bytes


def commitment_to(body: bytes) -> str:
    """What a record holds of an encoded body: its SHA-256 in hexadecimal."""
    return sha256(body).hexdigest()
