"""New keys for applications: random, recognisable, and kept by nobody but their owner."""

import hashlib
import string
import zlib

import msgspec

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
PREFIX = "gw_"
SECRET_BYTES = 32
_SECRET_DIGITS = 43  # of base 62 for 32 bytes
_CHECK_DIGITS = 6  # for 32 bits


class NewKey(msgspec.Struct, frozen=True):
    """A key, shown once, and the only thing of it that is kept: its SHA-256 in hexadecimal."""

    key: str
    sha256: str


def new_key(secret: bytes) -> NewKey:
    """The key of 32 random bytes. It ends in a CRC-32, by which a scanner tells a leaked key from noise."""
    body = PREFIX + _base62(int.from_bytes(secret, "big"), _SECRET_DIGITS)
    key = f"{body}_{_base62(zlib.crc32(body.encode()), _CHECK_DIGITS)}"
    return NewKey(key, hashlib.sha256(key.encode()).hexdigest())


def is_well_formed(key: str) -> bool:
    """True where the check digits fit."""
    body, _, check = key.rpartition("_")
    return body.startswith(PREFIX) and check == _base62(zlib.crc32(body.encode()), _CHECK_DIGITS)


def _base62(number: int, digits: int) -> str:
    text = ""
    for _ in range(digits):
        number, digit = divmod(number, len(ALPHABET))
        text = ALPHABET[digit] + text
    return text
