"""Safety: the small transformer that comes with the program. One reading tells toxicity by category, and injection.

Its folder holds `model.onnx` (what `ids` and `mask` say, to `logits` by output), `tokenizer.json` and `safety.json`:

    outputs         the names of the logits: toxicity, its categories, injection
    window_tokens   of a text in one window, the special ones not counted; ``overlap_tokens`` are shared by two
    scores          for toxicity and for injection, knots of a line that rises: [[logit, score], ...]

The logit of a text is the highest of its windows.
"""

from bisect import bisect_right
from collections.abc import Sequence
from math import exp
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from guardrails.classifiers.classifier import Batching, Cut, Span
from guardrails.classifiers.onnx_model import OnnxModel
from guardrails.classifiers.tokens import Piece, Tokens
from guardrails.classifiers.window import Window

if TYPE_CHECKING:
    import numpy as np

NAME = "safety"
NEEDS = ("onnxruntime", "tokenizers", "numpy")
FOLDER = Path(__file__).parent.parent / "bundled" / "safety"
TOXICITY, INJECTION = "toxicity", "injection"
CATEGORIES = ("HATE", "HARASSMENT", "SEXUAL", "VIOLENCE", "SELF_HARM")
# Scores below are not told: no threshold asks for them.
_LEAST = 0.005
_MULTIPLE = 2  # the model joins tokens by twos

Knots = list[tuple[float, float]]


class Card(msgspec.Struct, frozen=True):
    """What `safety.json` says."""

    version: str
    outputs: list[str]
    window_tokens: int
    overlap_tokens: int
    scores: dict[str, Knots]


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
        special = 2
        self._tokens = Tokens.in_file(tokenizer, self._card.window_tokens + special, self._card.overlap_tokens)
        self._model = OnnxModel(model)
        self._categories = [(label, self._card.outputs.index(label.lower())) for label in CATEGORIES]

    def cut(self, text: str) -> Cut:
        return self._tokens.cut(text)

    def read(self, pieces: Sequence[Piece]) -> "list[np.ndarray[Any, Any]]":
        """For each window the logits."""
        ids, mask = self._tokens.together(pieces, _MULTIPLE)
        return list(self._model.run(ids=ids, mask=mask))

    def conclude(self, text: str, windows: Sequence[Window], readings: "Sequence[np.ndarray[Any, Any]]") -> list[Span]:
        """Labels of what the whole text is; of toxicity's categories, the likeliest bears its score."""
        logits = [max(map(float, column)) for column in zip(*readings, strict=True)]
        scores = {**self._toxicity(logits), "INJECTION": self._score(INJECTION, logits)}
        return [Span(label, 0, len(text), round(score, 4)) for label, score in scores.items() if score >= _LEAST]

    def _toxicity(self, logits: Sequence[float]) -> dict[str, float]:
        likely = {label: _sigmoid(logits[at]) for label, at in self._categories}
        score = self._score(TOXICITY, logits) / max(likely.values())
        return {label: score * one for label, one in likely.items()}

    def _score(self, output: str, logits: Sequence[float]) -> float:
        return on_line(self._card.scores[output], logits[self._card.outputs.index(output)])


def on_line(knots: Knots, at: float) -> float:
    """The height at ``at`` of the line through ``knots``, which goes on level at its ends."""
    place = bisect_right(knots, at, key=lambda knot: knot[0])
    if place in (0, len(knots)):
        return knots[0][1] if place == 0 else knots[-1][1]
    (left, low), (right, high) = knots[place - 1], knots[place]
    return low + (high - low) * (at - left) / (right - left)


def _sigmoid(logit: float) -> float:
    return 1 / (1 + exp(-max(-60.0, min(60.0, logit))))
