"""Disguises: text that stands encoded within text, and what it says when decoded."""

import base64
import binascii
import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import re2

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{20,}={0,2}")
_HEX = re.compile(r"(?:(?:0x|\\x)?[0-9A-Fa-f]{2}[ :,]{0,2}){10,}")
_BINARY = re.compile(r"(?:[01]{8} ?){8,}")
_SHAPES = (r"[A-Za-z0-9+/_-]{20}", r"(?:(?:0x|\\x)?[0-9A-Fa-f]{2}[ :,]{0,2}){10}", r"(?:[01]{8} ?){8}")
_READABLE = re.compile(r"[\w\s.,;:!?'\"()\[\]{}<>|/@#*&%$+=-]*")


class Layer(NamedTuple):
    """What ``text`` says stands encoded in the original from ``start`` to ``end``."""

    kind: str
    text: str
    start: int
    end: int

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where in the original the text from ``start`` to ``end`` stands: exactly where letters stand for letters."""
        if self.kind == "rot13":
            return self.start + start, self.start + end
        if self.kind == "reversed":
            return self.end - end, self.end - start
        return self.start, self.end


class Disguises:
    """Looks for encoded text. ``words`` give away what is turned around or rotated: the rarer in it, the better."""

    def __init__(self, words: Iterable[str]) -> None:
        known = list(words)
        rotated = "|".join(re2.escape(codecs.encode(word, "rot13")) for word in known)
        turned = "|".join(re2.escape(word[::-1]) for word in known)
        self._set = re2.Set.SearchSet()
        for shape in (*_SHAPES, rf"(?i)\b(?:{rotated})\b", rf"(?i)\b(?:{turned})\b"):
            self._set.Add(shape)
        self._set.Compile()

    def layers(self, text: str) -> Iterator[Layer]:
        """What is encoded in ``text``; together no longer than a few times the text."""
        hits = self._set.Match(text.encode("utf-8", "replace"))
        if not hits:
            return
        if 0 in hits:
            yield from _decoded("base64", _BASE64, text, _base64)
        if 1 in hits:
            yield from _decoded("hex", _HEX, text, _hex)
        if 2 in hits:
            yield from _decoded("binary", _BINARY, text, _binary)
        if 3 in hits:
            yield Layer("rot13", codecs.encode(text, "rot13"), 0, len(text))
        if 4 in hits:
            yield Layer("reversed", text[::-1], 0, len(text))


def _decoded(kind: str, shape: re.Pattern[str], text: str, decode: Callable[[str], bytes | None]) -> Iterator[Layer]:
    for match in shape.finditer(text):
        data = decode(match[0])
        if data is None:
            continue
        try:
            inner = data.decode()
        except UnicodeDecodeError:
            continue
        if len(inner) > 7 and _READABLE.fullmatch(inner):
            yield Layer(kind, inner, *match.span())


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
    return bytes.fromhex(digits) if len(digits) % 2 == 0 else None


def _binary(found: str) -> bytes | None:
    return bytes(int(group, 2) for group in re.findall(r"[01]{8}", found))
