"""Pairs of questions, as a person wrote them: a line of JSON each, ``{"a": "...", "b": "...", "same": true}``."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from gateway.cache.semantic.question import is_readable
from gateway.cache.semantic.traits import traits_of
from operations.cache.calibration import Measured


class Pair(msgspec.Struct, frozen=True):
    """``same``: one answer serves both. What else stands in a line is the reader's own."""

    a: str
    b: str
    same: bool


class BadPair(Exception):
    """A line that is none; says which and why."""


def read_pairs(path: Path) -> list[Pair]:
    """Raises OSError, BadPair."""
    decoder = msgspec.json.Decoder(Pair)
    found: list[Pair] = []
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    found.append(decoder.decode(line))
                except msgspec.MsgspecError as error:
                    raise BadPair(f"{path}, line {number}: {error}") from None
    return found


def texts_of(pairs: Sequence[Pair]) -> list[str]:
    """Each text once."""
    return list(dict.fromkeys(text for pair in pairs for text in (pair.a, pair.b)))


def measured(pairs: Sequence[Pair], vectors: Mapping[str, bytes], most_characters: int) -> Iterator[Measured]:
    """Those that are fit to be looked for; ``vectors`` are by text, and of length one."""
    import numpy as np

    for pair in pairs:
        both = [np.frombuffer(vectors.get(text, b""), "<f4") for text in (pair.a, pair.b)]
        fits = all(len(text) <= most_characters and is_readable(text) for text in (pair.a, pair.b))
        if fits and len(both[0]) == len(both[1]) > 0:
            yield Measured(float(both[0] @ both[1]), traits_of(pair.a) == traits_of(pair.b), pair.same)
