"""The network of the bundled transformer: the lower layers of MiniLM, made cheaper from the second layer on.

    words -> embeddings -> layer 0 -> pairs of neighbours become one -> layers 1, 2 -> one query over all -> outputs

Half the sequence after the first layer follows the Funnel-Transformer (Dai et al., 2020, arXiv:2006.03236): queries are
the means of neighbours, keys and values are still all of them. The last layer asks with a single query, the attentive
mean of all, since nothing else of it is used. Per text this costs about two of MiniLM's six layers.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

WIDTH, HEADS, WORDS, PLACES = 384, 12, 30522, 512
_HEAD = WIDTH // HEADS
_FAR = -1e4  # added to what must not be attended to


class Layer(nn.Module):  # type: ignore[misc]  # torch has no types here
    """A layer of BERT whose queries may be other, and fewer, than what they ask."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.query = nn.Linear(WIDTH, WIDTH)
        self.key_value = nn.Linear(WIDTH, 2 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.attended = nn.LayerNorm(WIDTH, eps=1e-12)
        self.up = nn.Linear(WIDTH, 4 * WIDTH)
        self.down = nn.Linear(4 * WIDTH, WIDTH)
        self.done = nn.LayerNorm(WIDTH, eps=1e-12)
        self.dropout = nn.Dropout(dropout)

    def forward(self, queries: Tensor, all_of_it: Tensor, far: Tensor) -> Tensor:
        query = _heads(self.query(queries))
        keys, values = map(_heads, self.key_value(all_of_it).chunk(2, -1))
        shares = torch.softmax(query @ keys.transpose(-1, -2) * _HEAD**-0.5 + far, -1)
        found = (shares @ values).transpose(1, 2).reshape(queries.shape)
        attended = self.attended(queries + self.dropout(self.out(found)))
        return self.done(attended + self.dropout(self.down(functional.gelu(self.up(attended)))))


def _heads(vectors: Tensor) -> Tensor:
    return vectors.view(vectors.shape[0], -1, HEADS, _HEAD).transpose(1, 2)


class SafetyNet(nn.Module):  # type: ignore[misc]  # torch has no types here
    """``ids`` and ``mask`` are int64 [batch, tokens], tokens even; gives logits [batch, outputs]."""

    def __init__(self, outputs: int, layers: int = 4, dropout: float = 0.1) -> None:
        super().__init__()
        self.words = nn.Embedding(WORDS, WIDTH)
        self.places = nn.Embedding(PLACES, WIDTH)
        self.embedded = nn.LayerNorm(WIDTH, eps=1e-12)
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(Layer(dropout) for _ in range(layers))
        self.attention = nn.Linear(WIDTH, 1)
        self.outputs = nn.Linear(2 * WIDTH, outputs)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        seen = mask.to(torch.float32)
        vectors = self.dropout(self.embedded(self.words(ids) + self.places.weight[: ids.shape[1]]))
        vectors = self.layers[0](vectors, vectors, _far(seen))
        pairs, seen_pairs = _paired(vectors, seen)
        vectors = self.layers[1](pairs, vectors, _far(seen))
        for layer in self.layers[2:-1]:
            vectors = layer(vectors, vectors, _far(seen_pairs))
        shares = torch.softmax(self.attention(vectors).squeeze(-1) + (1 - seen_pairs) * _FAR, -1)
        asked = shares.unsqueeze(1) @ vectors
        answer = self.layers[-1](asked, vectors, _far(seen_pairs))
        mean = (seen_pairs / seen_pairs.sum(1, keepdim=True)).unsqueeze(1) @ vectors
        logits: Tensor = self.outputs(torch.cat([answer, mean], -1).squeeze(1))
        return logits

    def take_from(self, checkpoint: Path) -> None:
        """Takes embeddings and layers from MiniLM's ``model.safetensors``."""
        weights = load_file(str(checkpoint))
        with torch.no_grad():
            self.words.weight.copy_(weights["embeddings.word_embeddings.weight"])
            # There is one type of token: what it adds goes to the places.
            self.places.weight.copy_(weights["embeddings.position_embeddings.weight"]
                                     + weights["embeddings.token_type_embeddings.weight"][0])
            _take(self.embedded, weights, "embeddings.LayerNorm")
            for number, layer in enumerate(self.layers):
                _take_layer(layer, weights, f"encoder.layer.{number}")


def _far(seen: Tensor) -> Tensor:
    return ((1 - seen) * _FAR)[:, None, None, :]


def _paired(vectors: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
    """The mean of each two neighbours that are there, and whether one of them is."""
    there = seen.view(seen.shape[0], -1, 2)
    weighted = vectors.view(vectors.shape[0], -1, 2, WIDTH) * there.unsqueeze(-1)
    count = there.sum(-1, keepdim=True)
    return weighted.sum(2) / count.clamp(min=1), (count.squeeze(-1) > 0).to(seen.dtype)


def _take(module: nn.Module, weights: Mapping[str, Tensor], name: str) -> None:
    module.weight.copy_(weights[f"{name}.weight"])
    module.bias.copy_(weights[f"{name}.bias"])


def _take_layer(layer: Layer, weights: Mapping[str, Tensor], name: str) -> None:
    for module, part in ((layer.query, "attention.self.query"), (layer.out, "attention.output.dense"),
                         (layer.attended, "attention.output.LayerNorm"), (layer.up, "intermediate.dense"),
                         (layer.down, "output.dense"), (layer.done, "output.LayerNorm")):
        _take(module, weights, f"{name}.{part}")
    for kind in ("weight", "bias"):
        both = [weights[f"{name}.attention.self.{part}.{kind}"] for part in ("key", "value")]
        getattr(layer.key_value, kind).copy_(torch.cat(both))
