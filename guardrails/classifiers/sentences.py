"""Sentences: short texts as vectors, whole, by MiniLM or a model of its make; what asks the same lies near together."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from guardrails.classifiers.classifier import Batching, Cut, Vector
from guardrails.classifiers.encoder import TOKENIZER, Encoder
from guardrails.classifiers.tokens import Piece, Tokens
from guardrails.classifiers.window import Window

if TYPE_CHECKING:
    import numpy as np

MINILM: Literal["minilm"] = "minilm"
# As sentence-transformers has it for all-MiniLM-L6-v2. What is longer has no vector: one of its beginning would say
# that two texts are the same of which the ends differ.
MOST_TOKENS = 256


class Sentences:
    """Concludes of a text its vector."""

    batching = Batching(windows=16, size=1024, slack=4)

    def __init__(self, name: str, folder: Path, encoder: Encoder) -> None:
        self.name = name
        self._tokens = Tokens.in_file(folder / TOKENIZER, min(MOST_TOKENS, encoder.shape.places), 0)
        self._encoder = encoder

    def cut(self, text: str) -> Cut:
        cut = self._tokens.cut(text)
        return cut if len(cut.pieces) == 1 else Cut((), (), ())

    def read(self, pieces: Sequence[Piece]) -> "list[np.ndarray[Any, Any]]":
        return list(self._encoder.vectors(*self._tokens.together(pieces)))

    def conclude(self, text: str, windows: Sequence[Window],
                 readings: "Sequence[np.ndarray[Any, Any]]") -> Vector:
        return Vector(self._encoder.mark, readings[0].astype("<f4").tobytes())
