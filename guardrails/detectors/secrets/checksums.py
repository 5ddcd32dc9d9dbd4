"""Checksums that vendors put into their tokens, so that a token can be told from one made up."""

import binascii
import zlib

_BASE62 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def has_crc32(body: bytes) -> bool:
    """Whether the last six characters are the CRC-32 of those before them, in base 62 (GitHub's and npm's tokens).

    Source: GitHub, "Behind GitHub's new authentication token formats", 2021.
    """
    return len(body) > 6 and body[-6:] == base62(zlib.crc32(body[:-6]), 6)


def base62(number: int, width: int) -> bytes:
    digits = bytearray()
    while number:
        number, digit = divmod(number, 62)
        digits.append(_BASE62[digit])
    return bytes(reversed(digits)).rjust(width, b"0")


def from_base64(text: bytes) -> bytes:
    """What ``text`` says in either alphabet of base 64, with or without padding; empty where it says nothing."""
    try:
        return binascii.a2b_base64(text.translate(bytes.maketrans(b"-_", b"+/")) + b"=" * (-len(text) % 4))
    except binascii.Error:
        return b""
