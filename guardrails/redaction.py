"""Redaction: what stands in the place of what was taken out, and how a pseudonym finds its way back."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import re2

from guardrails.classifiers.word import PERSON
from guardrails.patterns.pattern import Pattern
from guardrails.policy import Style
from guardrails.titles import parted


class Edit(NamedTuple):
    """``start`` to ``end``, in bytes of UTF-8 of the whole text, becomes ``replacement``."""

    start: int
    end: int
    replacement: bytes


def edited(piece: bytes, start: int, edits: Sequence[Edit]) -> bytes:
    """``piece``, which stands at ``start`` of its text, after those of ``edits`` (in order) that touch it.

    A replacement stands in the piece where its edit begins.
    """
    parts: list[bytes] = []
    at, end = start, start + len(piece)
    for edit in edits:
        if (edit.end <= at and edit.start < at) or edit.start >= end:
            continue
        if edit.start >= at:
            parts.append(piece[at - start : edit.start - start])
            parts.append(edit.replacement)
        at = max(at, min(edit.end, end))
    parts.append(piece[at - start :])
    return b"".join(parts)


def replacement(style: Style, label: str, found: bytes, pseudonyms: "Pseudonyms | None") -> bytes:
    """What stands for ``found``, UTF-8."""
    if style == "mask":
        return masked(found)
    if style == "pseudonym" and pseudonyms is not None:
        # A person is the same with and without a title, and `Frau <PERSON_1>` tells a model how to write to her.
        before, value, after = parted(found.decode()) if label == PERSON else ("", found.decode(), "")
        return f"{before}{pseudonyms.stand_in(label, value)}{after}".encode()
    return b"[%b]" % label.encode()


def masked(found: bytes) -> bytes:
    return b"*" * len(found.decode(errors="replace"))


class Pseudonyms:
    """Names that stand for personal data in one exchange, and only there: never shared, logged or stored.

    The same value has the same name wherever it stands, and names are given in the order in which values appear: a
    conversation that is sent again with one more turn gets the same ones.
    """

    __slots__ = ("_counts", "_names", "_taken", "_values")

    def __init__(self, taken: Iterable[str] = ()) -> None:
        """``taken`` are texts of the request: a name that stands in one of them already is not given."""
        self._taken = {_key(found[1], found[2]) for text in taken for found in _LOOSE.finditer(text)}
        self._names: dict[tuple[str, str], str] = {}
        self._values: dict[tuple[str, int], str] = {}
        self._counts: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self._values)

    def __repr__(self) -> str:
        return f"<Pseudonyms {len(self._values)}>"  # never what they stand for

    def stand_in(self, label: str, value: str) -> str:
        """The name for ``value``."""
        known = self._names.get((label, _same(value)))
        if known is not None:
            return known
        number = self._counts.get(label, 0) + 1
        while (label, number) in self._taken:
            number += 1
        self._counts[label] = number
        name = self._names[label, _same(value)] = f"<{label}_{number}>"
        self._values[label, number] = value
        return name

    def restored(self, written: bytes) -> bytes | None:
        """What a name stands for, however the model wrote it; None where it was not given here."""
        found = _LOOSE.search(written.decode(errors="replace"))
        value = self._values.get(_key(found[1], found[2])) if found else None
        if found is None or value is None:
            return None
        ending = found.string[found.end() :]
        return (value + ending if ending.isalpha() else value).encode()


def _key(label: str, number: str) -> tuple[str, int]:
    return re.sub(r"[ \\_-]+", "_", label).strip("_").upper(), int(number)


def _same(value: str) -> str:
    return " ".join(value.casefold().split())


# A name as models give it back: other case, brackets lost or changed, blanks or a hyphen for the underscore, a Markdown
# escape before it, HTML's entities for the brackets.
_LOOSE = re.compile(r"([A-Za-z]{2,24}(?:\\?[_ -][A-Za-z]{2,24}){0,2})\\?[_ -]?(\d{1,4})", re.ASCII)
RESTORED = "PSEUDONYM"


def json_inside(value: bytes) -> bytes:
    """``value`` as it stands between the quotes of a JSON string."""
    return json.dumps(value.decode(errors="replace"), ensure_ascii=False)[1:-1].encode()


def restoring_pattern(labels: Iterable[str]) -> Pattern:
    """Finds the names that stand for values of ``labels``: between brackets, or by their underscore.

    Whether one was given in this exchange is asked when it is restored.
    """
    names = "|".join(sorted({re.sub("_", r"\\\\?[_ -]", label) for label in labels}, key=len, reverse=True))
    name = rf"(?:{names})"
    bracketed = rf"\\?(?:[<\[({{]|&lt;)\s?{name}(?:\\?[_ -])?\d{{1,4}}\s?\\?(?:[>\])}}]|&gt;)"
    bare = rf"\b{name}\\?_\d{{1,4}}"
    # What a language hangs on to a name stays: PERSON_1s.
    return Pattern(RESTORED, rf"(?i)(?:{bracketed}|{bare}(?:[a-z]{{1,3}})?\b)")


class NameFinder:
    """Finds names in a text of any length that pseudonyms of ``labels`` could be taken for."""

    def __init__(self, labels: Iterable[str]) -> None:
        self._names = re2.compile(restoring_pattern(labels).regex)

    def names_in(self, text: str) -> Iterator[str]:
        return (found[0].decode() for found in self._names.finditer(text.encode()))
