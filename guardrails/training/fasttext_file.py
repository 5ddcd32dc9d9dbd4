"""fastText's features and its file, so that a model that was trained elsewhere is read by fastText's own reader.

The features and the format are those of fastText 0.9 (Joulin et al., 2017, arXiv:1607.01759; ``dictionary.cc``,
``fasttext.cc``): words, character n-grams of ``<word>``, and pairs of words, the latter two hashed into buckets.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

END = "</s>"
_MAGIC, _VERSION, _ONE_VS_ALL, _SUPERVISED = 793712314, 12, 4, 3
_WORD_NGRAMS = 2


def hashed(text: str) -> int:
    """FNV-1a over the bytes of ``text``, taken as signed, in 32 bits."""
    value = 2166136261
    for byte in text.encode():
        value = ((value ^ (byte if byte < 128 else byte | 0xFFFFFF00)) * 16777619) & 0xFFFFFFFF
    return value


def _signed(value: int) -> int:
    """A 32 bit number as fastText widens it to 64."""
    return value if value < 1 << 31 else value | 0xFFFFFFFF00000000


class Features:
    """The numbers of a text's features: words first, then buckets."""

    def __init__(self, words: Sequence[str], shortest: int, longest: int, buckets: int) -> None:
        """``words`` in the order of their numbers; character n-grams of ``shortest`` to ``longest`` characters."""
        self.words = list(words)
        self.shortest, self.longest, self.buckets = shortest, longest, buckets
        self._numbers: Mapping[str, int] = {word: number for number, word in enumerate(words)}
        self._known: dict[str, tuple[int, list[int]]] = {}

    @property
    def count(self) -> int:
        return len(self.words) + self.buckets

    def of(self, text: str) -> list[int]:
        """The features of one line of normal text."""
        found: list[int] = []
        hashes: list[int] = []
        for word in (*text.split(), END):
            value, own = self._of_word(word)
            found += own
            hashes.append(_signed(value))
        for one, other in pairwise(hashes):
            found.append(len(self.words) + ((one * 116049371 + other) & 0xFFFFFFFFFFFFFFFF) % self.buckets)
        return found

    def _of_word(self, word: str) -> tuple[int, list[int]]:
        known = self._known.get(word)
        if known is None:
            number = self._numbers.get(word)
            own = [] if number is None else [number]
            if word != END:
                own += [len(self.words) + hashed(piece) % self.buckets for piece in self._pieces(f"<{word}>")]
            known = self._known[word] = hashed(word), own
        return known

    def _pieces(self, word: str) -> Iterator[str]:
        for start in range(len(word)):
            for end in range(start + self.shortest, min(start + self.longest, len(word)) + 1):
                if end - start > 1 or 0 < start < len(word) - 1:
                    yield word[start:end]


def write(path: Path, features: Features, labels: Sequence[str], vectors: Iterable[bytes],
          outputs: Sequence[Sequence[float]]) -> None:
    """Writes a model. ``vectors``: of each feature, its float32 in little-endian order; ``outputs``: of each label, its
    row over the vectors' dimensions."""
    width = len(outputs[0])
    with path.open("wb") as file:
        file.write(struct.pack("<ii", _MAGIC, _VERSION))
        file.write(struct.pack("<12i", width, 5, 1, 1, 5, _WORD_NGRAMS, _ONE_VS_ALL, _SUPERVISED, features.buckets,
                               features.shortest, features.longest, 100))
        file.write(struct.pack("<d", 1e-4))
        words, count = features.words, len(features.words) + len(labels)
        file.write(struct.pack("<iiiqq", count, len(words), len(labels), len(words), -1))
        for text, kind in [*((word, 0) for word in words), *((f"__label__{label}", 1) for label in labels)]:
            file.write(text.encode() + b"\0" + struct.pack("<qb", 1, kind))
        file.write(struct.pack("<?qq", False, features.count, width))
        for vector in vectors:
            file.write(vector)
        file.write(struct.pack("<?qq", False, len(labels), width))
        for row in outputs:
            file.write(struct.pack(f"<{width}f", *row))
