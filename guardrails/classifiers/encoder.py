"""BERT in numpy, of which the mean over its tokens is a text's vector: all-MiniLM and models that are made like it."""

import os
from collections.abc import Mapping
from hashlib import file_digest, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

if TYPE_CHECKING:
    import numpy as np

NEEDS = ("numpy", "tokenizers", "safetensors")
CONFIGURATION, TOKENIZER, WEIGHTS = "config.json", "tokenizer.json", "model.safetensors"
_WANTED = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}


class Unusable(ValueError):
    """A folder that holds no model of this kind; says what was expected and what is there."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(f"expected {expected}, found {found}")
        self.expected, self.found = expected, found


class Shape(NamedTuple):
    """What the weights do not tell."""

    layers: int
    heads: int
    width: int
    epsilon: float
    places: int  # tokens that a text can have


def shape_in(folder: Path) -> Shape:
    """Of the sentence model in ``folder``, as its configuration tells it. Raises Unusable."""
    for name in (CONFIGURATION, TOKENIZER, WEIGHTS):
        if not (folder / name).is_file():
            raise Unusable(f"a folder with {CONFIGURATION}, {TOKENIZER} and {WEIGHTS}", f"no {folder / name}")
    told = _json_in(folder / CONFIGURATION)
    for field, wanted in _WANTED.items():
        if told.get(field, wanted) != wanted:
            raise Unusable(f"a BERT whose {field} is {wanted}", repr(told.get(field)))
    pooling = folder / "1_Pooling" / "config.json"
    if pooling.is_file() and not _json_in(pooling).get("pooling_mode_mean_tokens", True):
        raise Unusable("a model that takes the mean of its tokens", "another pooling")
    try:
        return Shape(int(told["num_hidden_layers"]), int(told["num_attention_heads"]), int(told["hidden_size"]),
                     float(told.get("layer_norm_eps", 1e-12)), int(told.get("max_position_embeddings", 512)))
    except (KeyError, TypeError, ValueError) as error:
        raise Unusable("the configuration of a BERT", f"{type(error).__name__}: {error}") from None


def _json_in(file: Path) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError) as error:
        raise Unusable("a JSON object", f"{file}: {error}") from None
    return found


class Encoder:
    """``weights`` are by their usual names. ``mark`` tells models apart: vectors of two are not to be compared."""

    def __init__(self, weights: "Mapping[str, np.ndarray[Any, Any]]", shape: Shape, mark: bytes = b"") -> None:
        self.shape = shape
        self.mark = mark
        self._weights = weights

    @classmethod
    def in_folder(cls, folder: Path) -> "Encoder":
        """Raises Unusable, and what the package safetensors raises."""
        import numpy as np
        from safetensors.numpy import load_file

        shape, file = shape_in(folder), folder / WEIGHTS
        weights = {name.removeprefix("bert."): np.asarray(value, np.float32)
                   for name, value in load_file(os.fspath(file)).items() if value.dtype.kind == "f"}
        with file.open("rb") as opened:
            digest = file_digest(opened, "sha256").digest()
        tokenizer = sha256((folder / TOKENIZER).read_bytes()).digest()
        return cls(weights, shape, sha256(digest + tokenizer).digest()[:16])

    def vectors(self, ids: "np.ndarray[Any, Any]", mask: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
        """The mean over the tokens of each row, of length one."""
        import numpy as np

        weights = self._weights
        states = (weights["embeddings.word_embeddings.weight"][ids]
                  + weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
                  + weights["embeddings.token_type_embeddings.weight"][0])
        states = self._normalised(states, "embeddings.LayerNorm")
        hidden = (mask[:, None, None, :] == 0) * np.float32(-1e4)
        for number in range(self.shape.layers):
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
            self._linear(states, f"{name}.{part}").reshape(rows, count, self.shape.heads, -1).transpose(0, 2, 1, 3)
            for part in ("query", "key", "value"))
        scores = query @ key.transpose(0, 1, 3, 2) * np.float32((self.shape.width // self.shape.heads) ** -0.5) + hidden
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        found: np.ndarray[Any, Any] = (scores @ value).transpose(0, 2, 1, 3).reshape(rows, count, self.shape.width)
        return found

    def _linear(self, states: "np.ndarray[Any, Any]", name: str) -> "np.ndarray[Any, Any]":
        found: np.ndarray[Any, Any] = states @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return found

    def _normalised(self, states: "np.ndarray[Any, Any]", name: str) -> "np.ndarray[Any, Any]":
        import numpy as np

        centred = states - states.mean(-1, keepdims=True)
        scale = np.sqrt(np.mean(centred * centred, -1, keepdims=True) + self.shape.epsilon)
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
