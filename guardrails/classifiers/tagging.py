"""Checkpoints that label each token: entities at their characters, joined over the windows."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from guardrails.classifiers.checkpoint_reader import CheckpointReader, shared
from guardrails.classifiers.classifier import Span
from guardrails.classifiers.tokens import Piece
from guardrails.classifiers.window import Window

if TYPE_CHECKING:
    import numpy as np


class Token(NamedTuple):
    """``shares``: how likely it belongs to an entity of each name; ``begins``: whether it begins one, if it does."""

    start: int
    end: int
    word: int | None
    shares: tuple[float, ...]
    begins: bool


class TokenClassifier(CheckpointReader):
    """A name is told where it is likelier than each other and than nothing."""

    def read(self, pieces: Sequence[Piece]) -> list[list[Token]]:
        """For each window the tokens that are believed in it."""
        import numpy as np

        labels = shared(self._logits(pieces))
        summed = labels @ self._summing()
        begins = np.asarray(self._labels.begins)[labels.argmax(-1)]
        return [self._believed(piece, summed[row], begins[row]) for row, piece in enumerate(pieces)]

    def _summing(self) -> "np.ndarray[Any, Any]":
        """The matrix that sums labels up to names, the last of which is nothing."""
        import numpy as np

        matrix = np.zeros((len(self._places), len(self._labels.names) + 1), np.float32)
        matrix[range(len(self._places)), self._places] = 1
        return matrix

    def _believed(self, piece: Piece, shares: "np.ndarray[Any, Any]", begins: "np.ndarray[Any, Any]") -> list[Token]:
        at = self._tokens.leading + piece.first
        rows = zip(piece.offsets, piece.words, shares[at:].tolist(), begins[at:].tolist(), strict=False)
        return [Token(*offsets, word, tuple(row), first) for offsets, word, row, first in rows]

    def conclude(self, text: str, windows: Sequence[Window], readings: Sequence[list[Token]]) -> list[Span]:
        words = _words(text, list(chain.from_iterable(readings)))
        return [span for group in _entities(words, len(self._labels.names)) if (span := self._span(text, group))]

    def _span(self, text: str, group: Sequence[Token]) -> Span | None:
        """Without the blanks that a tokenizer counts to a token."""
        start, end = group[0].start, group[-1].end
        found = text[start:end]
        start, end = start + len(found) - len(found.lstrip()), end - len(found) + len(found.rstrip())
        place = _likeliest(group[0])
        score = sum(token.shares[place] for token in group) / len(group)
        return Span(self._labels.names[place], start, end, round(score, 4)) if start < end else None


def _likeliest(token: Token) -> int:
    return max(range(len(token.shares)), key=token.shares.__getitem__)


def _words(text: str, tokens: Sequence[Token]) -> Iterator[Token]:
    """Tokens that make a word of letters and digits are decided about together, the others each for itself."""
    at = 0
    while at < len(tokens):
        end = at + 1
        while end < len(tokens) and tokens[end].word is not None and tokens[end].word == tokens[at].word:
            end += 1
        yield from _joined(text, tokens[at:end])
        at = end


def _joined(text: str, tokens: Sequence[Token]) -> Sequence[Token]:
    first, last = tokens[0], tokens[-1]
    if len(tokens) == 1 or not text[first.start : last.end].strip().isalnum():
        return tokens
    shares = tuple(sum(column) / len(tokens) for column in zip(*(token.shares for token in tokens), strict=True))
    return [Token(first.start, last.end, first.word, shares, first.begins)]


def _entities(words: Iterator[Token], nothing: int) -> Iterator[list[Token]]:
    """Neighbours of one name, up to one with which another begins."""
    group: list[Token] = []
    for word in words:
        place = _likeliest(word)
        goes_on = bool(group) and place == _likeliest(group[-1]) and not (word.begins and word.word != group[-1].word)
        if group and not goes_on:
            yield group
            group = []
        if place != nothing:
            group.append(word)
    if group:
        yield group
