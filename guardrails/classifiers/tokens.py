"""Tokens: a text, cut into windows as a model counts them; and windows, put side by side for it to read."""

import os
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from guardrails.classifiers.classifier import Cut
from guardrails.classifiers.window import Window, spread

if TYPE_CHECKING:
    import numpy as np


class Piece(NamedTuple):
    """The tokens of one window, without the special ones. ``offsets`` and ``words`` are those of the believed ones,
    from ``first`` on: from which character of the text to which, and which word each is part of."""

    ids: list[int]
    first: int = 0
    offsets: Sequence[tuple[int, int]] = ()
    words: Sequence[int | None] = ()


class Tokens:
    """A tokenizer (of the package tokenizers), which it keeps for itself. Windows are of ``size`` tokens at most, the
    special ones among them; ``located`` tells where each token stands."""

    def __init__(self, tokenizer: Any, size: int, overlap: int, pad: int = 0, located: bool = False) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        # What stands for the end of a text is no such end where somebody has written it.
        tokenizer.encode_special_tokens = True
        self._tokenizer = tokenizer
        self._pad = pad
        self._located = located
        self._before, self._after = _special(tokenizer)
        self._room = size - len(self._before) - len(self._after)
        self._overlap = overlap
        if self._room <= overlap:
            raise ValueError(f"windows of {size} tokens, of which {overlap} overlap, leave no room for a text")

    @classmethod
    def in_file(cls, file: Path, size: int, overlap: int, pad: int = 0, located: bool = False) -> "Tokens":
        from tokenizers import Tokenizer

        return cls(Tokenizer.from_file(os.fspath(file)), size, overlap, pad, located)

    def cut(self, text: str) -> Cut:
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        parts = spread(len(encoding), self._room, self._overlap)
        if not parts:
            return Cut((), (), ())
        ids = encoding.ids
        offsets, words = (encoding.offsets, encoding.word_ids) if self._located else ((), ())
        pieces = [Piece(ids[part.start : part.end], part.first - part.start, offsets[part.first : part.last],
                        words[part.first : part.last]) for part in parts]
        return Cut(_windows(encoding, parts, len(text)), pieces, [part.end - part.start for part in parts])

    def together(self, pieces: Sequence[Piece],
                 multiple: int = 1) -> "tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]":
        """Ids and mask, a row for each piece, with its special tokens; padded to the longest, and to a multiple."""
        import numpy as np

        rows = [[*self._before, *piece.ids, *self._after] for piece in pieces]
        width = -(-max(map(len, rows)) // multiple) * multiple
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        mask = np.arange(width) < lengths[:, None]
        ids = np.full(mask.shape, self._pad, np.int64)
        ids[mask] = np.fromiter(chain.from_iterable(rows), np.int64, int(lengths.sum()))
        return ids, mask.astype(np.int64)

    @property
    def leading(self) -> int:
        """How many special tokens stand before those of a text."""
        return len(self._before)


def _windows(encoding: Any, parts: Sequence[Window], length: int) -> list[Window]:
    """Those of tokens, told in characters; together they are believed in all of the text."""
    cuts = [0, *(encoding.token_to_chars(part.last)[0] for part in parts[:-1]), length]
    starts = [0, *(encoding.token_to_chars(part.start)[0] for part in parts[1:])]
    ends = [*(encoding.token_to_chars(part.end - 1)[1] for part in parts[:-1]), length]
    return [Window(*one) for one in zip(starts, ends, cuts, cuts[1:], strict=False)]


def _special(tokenizer: Any) -> tuple[list[int], list[int]]:
    """What the tokenizer puts before a text, and after it."""
    plain = tokenizer.encode("a", add_special_tokens=False).ids
    whole = tokenizer.encode("a", add_special_tokens=True).ids
    at = next(at for at in range(len(whole)) if whole[at : at + len(plain)] == plain)
    return whole[:at], whole[at + len(plain) :]
