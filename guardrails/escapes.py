"""Escapes: characters written by number or name, as HTML, URLs and program text write them."""

import html
import re
from collections.abc import Iterator
from urllib.parse import unquote

ESCAPED = (r"(?i)&(?:#[0-9]{2,7}|#x[0-9a-f]{2,6}|[a-z]{2,8});|(?:%[0-9a-f]{2})+|\\u\{?[0-9a-f]{4,5}\}?|\\x[0-9a-f]{2}")
_ESCAPED = re.compile(ESCAPED)


def unescaped(text: str) -> Iterator[tuple[int, int, str]]:
    """Where escapes stand in ``text`` (start, end) and what they say."""
    for match in _ESCAPED.finditer(text):
        found = match[0]
        if found.startswith("&"):
            character = html.unescape(found)
        elif found.startswith("%"):
            character = unquote(found, errors="replace")
        else:
            character = _character(int(found[2:].strip("{}"), 16))
        if character != found:
            yield match.start(), match.end(), character


def _character(code: int) -> str:
    return " " if 0xD800 <= code <= 0xDFFF or code > 0x10FFFF else chr(code)
