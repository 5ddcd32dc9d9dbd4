"""Encoded text within text, and what it says: base64, hexadecimal, binary; rotated and turned around."""

import base64
import binascii
import codecs
import re
from collections.abc import Iterable, Iterator

import re2

# What is binary could be read as hexadecimal, and that as base64: the narrower comes first.
_SHAPES = {"binary": r"(?:[01]{8} ?){7,}[01]{8}\b",
           "hex": r"\b(?:(?:0x|\\x)?[0-9A-Fa-f]{2}[ :,]{0,2}){9,}[0-9A-Fa-f]{2}\b",
           "base64": r"[A-Za-z0-9+/_-]{20,}={0,2}"}
_ENCODED = re.compile("|".join(f"(?P<{name}>{shape})" for name, shape in _SHAPES.items()))
# What the least of them looks like: text without any is not looked through.
ENCODINGS = r"[A-Za-z0-9+/_-]{20}|(?:(?:0x|\\x)?[0-9A-Fa-f]{2}[ :,]{1,2}){10}|(?:[01]{8} ){8}"
_READABLE = re.compile(r"[\w\s.,;:!?'\"()\[\]{}<>|/@#*&%$+=~^`\\-]*")
_FEWEST = 8


def decoded(text: str) -> Iterator[tuple[int, int, str]]:
    """Where encoded text stands in ``text`` (start, end) and what it says, if that can be read."""
    for match in _ENCODED.finditer(text):
        data = _DECODERS[match.lastgroup or ""](match[0])
        if data is None or len(data) < _FEWEST:
            continue
        try:
            inner = data.decode()
        except UnicodeDecodeError:
            continue
        if _READABLE.fullmatch(inner) and sum(map(str.isalpha, inner)) * 2 > len(inner):
            yield match.start(), match.end(), inner


def rotated_shape(words: Iterable[str]) -> str:
    """What gives rotated text away, in RE2: one of ``words`` in it."""
    return r"\b(?:" + "|".join(re2.escape(rotated(word)) for word in words) + r")\b"


def turned_shape(words: Iterable[str]) -> str:
    """What gives text away that was turned around, in RE2."""
    return r"\b(?:" + "|".join(re2.escape(word[::-1]) for word in words) + r")\b"


def rotated(text: str) -> str:
    return codecs.encode(text, "rot13")


def _base64(found: str) -> bytes | None:
    body = found.rstrip("=").replace("-", "+").replace("_", "/")
    if body.islower() or body.isupper() or body.isdecimal() or len(body) % 4 == 1:
        return None  # a path, a name, a number: text encoded has both cases
    try:
        return base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
    except binascii.Error:
        return None


def _hex(found: str) -> bytes | None:
    digits = re.sub(r"0x|\\x|[ :,]", "", found)
    if digits.isdecimal() and found.isdecimal():
        return None
    return bytes.fromhex(digits) if len(digits) % 2 == 0 else None


def _binary(found: str) -> bytes | None:
    return bytes(int(group, 2) for group in re.findall(r"[01]{8}", found))


_DECODERS = {"base64": _base64, "hex": _hex, "binary": _binary}
