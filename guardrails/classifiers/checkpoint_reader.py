"""What all checkpoints have in common, whatever they say of a text: tokens go in, logits come out."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from guardrails.classifiers.classifier import Batching, Cut
from guardrails.classifiers.labels import Labels
from guardrails.classifiers.tokens import Piece, Tokens

if TYPE_CHECKING:
    import numpy as np


class Model(Protocol):
    def run(self, *, input_ids: "np.ndarray[Any, Any]", attention_mask: "np.ndarray[Any, Any]",
            token_type_ids: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
        """The logits: a row for each window, and for models of tokens for each token of it."""


class CheckpointReader:
    """A checkpoint with its tokenizer and its labels."""

    def __init__(self, name: str, tokens: Tokens, model: Model, labels: Labels, batching: Batching,
                 described: Mapping[str, Any]) -> None:
        self.name = name
        self.batching = batching
        self.described = described
        self._tokens = tokens
        self._model = model
        self._labels = labels
        self._places = labels.places()

    def cut(self, text: str) -> Cut:
        return self._tokens.cut(text)

    def _logits(self, pieces: Sequence[Piece]) -> "np.ndarray[Any, Any]":
        import numpy as np

        ids, mask = self._tokens.together(pieces)
        return self._model.run(input_ids=ids, attention_mask=mask, token_type_ids=np.zeros_like(ids))


def shared(logits: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Softmax, over the last axis."""
    import numpy as np

    raised = np.exp(logits - logits.max(-1, keepdims=True))
    found: np.ndarray[Any, Any] = raised / raised.sum(-1, keepdims=True)
    return found
