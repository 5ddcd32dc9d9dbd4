"""Exfiltration: images, elements and links by which a reply can carry out what the model has read.

A client that renders Markdown or HTML fetches an image as soon as it is there, so its address alone tells its host
whatever the model was talked into writing there. A link does the same for whoever clicks.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal
from urllib.parse import unquote_plus

from guardrails.patterns.pattern import Candidate, Pattern

# What an address can carry: nothing; a size or a format; a query; what looks like data.
Load = Literal["nothing", "routine", "query", "data"]

# Browsers take a backslash for a slash, do not count slashes, and need none after the scheme.
_START = r"(?:https?:[/\\]{0,4}|[/\\]{2,4})"
_URL = r"[^\s()<>\"'`]{1,250}"
# An address longer than a match may be: its tail goes up to the next blank.
_LONG_URL = r"[^\s<>\"'`]{251}"
_LONG_TAIL = r"[^\s<>\"'`]"
_TITLE = r"(?:\s{1,2}[\"'(][^\"'()\n]{0,60}[\"')])?"
_IMAGE = r"!\[[^\]\n]{0,120}\]\(\s{0,2}<?"
_TAG = (r"<(?:img|image|iframe|frame|embed|object|script|link|video|audio|source|track|input|body|table|td|form|base)"
        r"[\s/][^<>]{0,100}?(?:src|srcset|href|data|poster|background|action|formaction)\s{0,2}=\s{0,2}[\"'`]?\s{0,2}")

_SCORES: dict[str, dict[Load, float]] = {
    "IMAGE": {"nothing": 0.3, "routine": 0.45, "query": 0.8, "data": 0.9},
    "REFERENCE": {"nothing": 0.1, "routine": 0.3, "query": 0.55, "data": 0.7},
    "ELEMENT": {"nothing": 0.2, "routine": 0.3, "query": 0.45, "data": 0.8},
    "LINK": {"nothing": 0.1, "routine": 0.2, "query": 0.4, "data": 0.6},
}
# What asks a host for a picture's size or form: numbers, and short words.
_SIZES = frozenset(b"w h width height q quality s size v dpr".split())
_FORMS = frozenset(b"fit crop auto format fm".split())
_SIZE_MOST, _FORM_MOST = 4, 8
_DATA_LEAST = 24  # characters of a value, or of a part of a path or host, that nobody writes by hand


class Exfiltration:
    """Finds IMAGE and ELEMENT (fetched unasked), REFERENCE (what ``![x][1]`` or ``[x][1]`` stands for) and LINK.

    The finding is the whole image or element; of a link and a reference only the address, so that a redaction leaves
    the words. Only those whose address can carry something score .5 or more. ``allowed_hosts`` are no findings, nor are
    their subdomains.
    """

    name = "exfiltration"

    def __init__(self, allowed_hosts: Sequence[str] = ()) -> None:
        allowed = frozenset(host.casefold().removeprefix("*.").strip(".").encode("idna") for host in allowed_hosts)
        forms = (
            ("IMAGE", rf"{_IMAGE}({_START}{_URL})>?{_TITLE}\s{{0,2}}\)", ""),
            ("IMAGE", rf"{_IMAGE}({_START}{_LONG_URL})", _LONG_TAIL),
            ("LINK", rf"\](?P<found>\(\s{{0,2}}<?({_START}{_URL})>?{_TITLE}\s{{0,2}}\))", ""),
            ("LINK", rf"\](?P<found>\(\s{{0,2}}<?({_START}{_LONG_URL}))", _LONG_TAIL),
            ("LINK", rf"(?i)<a\s[^<>]{{0,120}}?href\s{{0,2}}=\s{{0,2}}[\"'`]?(?P<found>({_START}{_URL}))", _LONG_TAIL),
            ("REFERENCE", rf"\]:\s{{0,3}}<?(?P<found>({_START}{_URL}))", _LONG_TAIL),
            ("ELEMENT", rf"(?i){_TAG}({_START}{_URL})[^<>]{{0,80}}>", ""),
            ("ELEMENT", rf"(?i){_TAG}({_START}{_LONG_URL})", r"[^>]"),
            ("ELEMENT", rf"(?i)\burl\(\s{{0,2}}[\"']?({_START}{_URL})[\"']?\s{{0,2}}\)", ""),
        )
        self.patterns: Sequence[Pattern] = [
            Pattern(label, regex if regex.startswith("(?i)") else f"(?i){regex}", tail, _check(label, allowed))
            for label, regex, tail in forms]


def _check(label: str, allowed: frozenset[bytes]) -> Callable[[Candidate], float]:
    scores = _SCORES[label]

    def leads_out(candidate: Candidate) -> float:
        host, rest = _split(candidate.groups[-1])
        if not host or (allowed and _is_of(host.lower(), allowed)):
            return 0.0
        return scores[_load(host, rest)]

    return leads_out


def _split(url: bytes) -> tuple[bytes, bytes]:
    """The host and all that follows it, as a browser reads them."""
    address = url.replace(b"\\", b"/")
    colon = address[:6].lower().find(b":")
    address = address[colon + 1 :].lstrip(b"/")
    end = min(place for place in (*map(address.find, (b"/", b"?", b"#")), len(address)) if place >= 0)
    authority = address[:end].rpartition(b"@")[2]
    host = authority.partition(b":")[0].rstrip(b".")
    return host, address[end:]


def _is_of(host: bytes, allowed: frozenset[bytes]) -> bool:
    while host:
        if host in allowed:
            return True
        host = host.partition(b".")[2]
    return False


def _load(host: bytes, rest: bytes) -> Load:
    path, asked, query = rest.partition(b"?")
    query = query.partition(b"#")[0]
    pairs = [part.partition(b"=") for part in query.split(b"&")] if asked and query else []
    values = [value or name for name, _, value in pairs]
    if any(_is_data(value) for value in (*values, *path.split(b"/"), *host.split(b"."))):
        return "data"
    if not pairs:
        return "nothing"
    return "routine" if all(_is_routine(name.lower(), value) for name, _, value in pairs) else "query"


def _is_routine(name: bytes, value: bytes) -> bool:
    if name in _SIZES:
        return value.isdigit() and len(value) <= _SIZE_MOST
    return name in _FORMS and value.isalpha() and len(value) <= _FORM_MOST


def _is_data(part: bytes) -> bool:
    """Whether it is long and reads like what was encoded, or like several words."""
    if b"{" in part and b"}" in part:
        return True  # a template that the model was given to fill
    if len(part) < _DATA_LEAST:
        return False
    text = unquote_plus(part.decode(errors="replace"))
    if text.count(" ") >= 3:
        return True
    stem = text.rstrip("=")
    return _is_encoded(stem) or (len(stem) >= 2 * _DATA_LEAST and not _is_slug(stem))


def _is_encoded(text: str) -> bool:
    """Base64 or the like: letters of both cases and digits all mixed up."""
    changes = sum(_kind(left) != _kind(right) for left, right in pairwise(text))
    return changes * 3 >= len(text) and any(map(str.isupper, text)) and any(map(str.islower, text))


def _kind(character: str) -> int:
    return 0 if character.islower() else 1 if character.isupper() else 2 if character.isdigit() else 3


def _is_slug(text: str) -> bool:
    """Words joined by hyphens, underscores or dots, and the hashes and ids by which stores name their files."""
    parts = text.replace("_", "-").replace(".", "-").split("-")
    return len(parts) >= 4 or text.partition(".")[0].isalnum()
