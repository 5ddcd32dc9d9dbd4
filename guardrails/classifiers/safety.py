"""Safety: the small transformer that comes with the program. One reading tells toxicity by category, and injection.

Its folder holds `model.onnx` (what `ids` and `mask` say, to `logits` by output), `tokenizer.json` and `safety.json`:

    outputs         the names of the logits: toxicity, its categories, injection
    window_tokens   of a text in one window, the special ones not counted; ``overlap_tokens`` are shared by two
    scores          for toxicity and for injection, knots of a line that rises: [[logit, score], ...]

The logit of a text is the highest of its windows.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from guardrails.bundled import folder_of
from guardrails.classifiers.classifier import Batching, Cut, Span
from guardrails.classifiers.onnx_model import OnnxModel
from guardrails.classifiers.tokens import Piece, Tokens
from guardrails.classifiers.window import Window
from guardrails.scores.scores import INJECTION, LABELS, Scale, worth_telling

if TYPE_CHECKING:
    import numpy as np

NAME = "safety"
NEEDS = ("onnxruntime", "tokenizers", "numpy")
FOLDER = folder_of(NAME)
TOXICITY = tuple(sorted(LABELS.values()))
_MULTIPLE = 2  # the model joins tokens by twos
_SPECIAL = 2  # tokens that stand around those of a text


class Card(msgspec.Struct, frozen=True):
    """What `safety.json` says."""

    version: str
    outputs: list[str]
    window_tokens: int
    overlap_tokens: int
    scores: dict[str, list[tuple[float, float]]]


def files_in(folder: Path) -> tuple[Path, ...]:
    return tuple(folder / name for name in ("model.onnx", "tokenizer.json", "safety.json"))


class Safety:
    """The model in ``folder``, loaded."""

    name = NAME
    # Tokens. Measured: larger batches cost no less a token, and leave the processor's cache.
    batching = Batching(windows=16, size=384, slack=4)

    def __init__(self, folder: Path = FOLDER) -> None:
        model, tokenizer, card = files_in(folder)
        self._card = msgspec.json.decode(card.read_bytes(), type=Card)
        self._tokens = Tokens.in_file(tokenizer, self._card.window_tokens + _SPECIAL, self._card.overlap_tokens)
        self._model = OnnxModel(model)
        self._scale = Scale.of(self._card.scores)

    def cut(self, text: str) -> Cut:
        return self._tokens.cut(text)

    def read(self, pieces: Sequence[Piece]) -> "list[np.ndarray[Any, Any]]":
        """For each window the logits."""
        ids, mask = self._tokens.together(pieces, _MULTIPLE)
        return list(self._model.run(ids=ids, mask=mask))

    def conclude(self, text: str, windows: Sequence[Window], readings: "Sequence[np.ndarray[Any, Any]]") -> list[Span]:
        """About all of the text: the likeliest category of toxicity bears its score, the others their part of it."""
        highest = (max(map(float, column)) for column in zip(*readings, strict=True))
        scores = self._scale.scores(dict(zip(self._card.outputs, highest, strict=True)))
        told = [*worth_telling(scores.toxicity), (INJECTION, round(scores.injection, 5))]
        return [Span(label, 0, len(text), score) for label, score in told]
