"""The language model itself: transformers' layers on torch, over a key-value cache of ours with one row a sequence."""

import math
import mmap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, PreTrainedModel

FEWEST_ROWS = 2
"""A lone row is decoded beside an idle one: matrix times vector takes other kernels than matrix times matrix, which in
bfloat16 give other last bits."""

STRIDE = 64
"""Attention looks at a multiple of this many positions, the surplus masked: its sums run in vector lanes, and lanes
that are only partly filled add up in another order. Together with FEWEST_ROWS this makes a sequence's logits the same,
bit for bit, whoever else is in the batch and however long they are."""


class Rows:
    """Keys and values of every layer: for each row `positions` places, written where the next pass says.

    Stands in for transformers' Cache: attention calls `update` with what it computed, and attends to what that returns.
    """

    def __init__(self, config: Any, rows: int, positions: int, dtype: torch.dtype) -> None:
        self._positions = positions = _up_to_stride(positions)
        width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        shape = (rows, getattr(config, "num_key_value_heads", config.num_attention_heads), positions, width)
        self._layers = [(_zeros(shape, dtype), _zeros(shape, dtype)) for _ in range(config.num_hidden_layers)]
        self._view: tuple[slice, slice] = (slice(0), slice(0))
        self._place: tuple[Tensor | slice, Tensor | slice] = (slice(0), slice(0))
        self._scatter = False

    def aim_at_row(self, row: int, start: int, end: int) -> None:
        """The next pass writes positions `start` to `end` of one row."""
        self._scatter = False
        self._place = (slice(row, row + 1), slice(start, end))
        self._view = (slice(row, row + 1), slice(end))

    def aim_at_positions(self, positions: Tensor) -> None:
        """The next pass writes one position of each of the first rows."""
        self._scatter = True
        self._place = (torch.arange(len(positions)), positions)
        self._view = (slice(len(positions)), slice(self.reach(positions)))

    def reach(self, positions: Tensor) -> int:
        """How many positions a pass looks at that writes these."""
        return _up_to_stride(int(positions.max()) + 1)

    def update(self, keys: Tensor, values: Tensor, layer: int, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        kept_keys, kept_values = self._layers[layer]
        return self._write(kept_keys, keys), self._write(kept_values, values)

    def copy(self, source: int, target: int, length: int) -> None:
        for layer in self._layers:
            for cache in layer:
                cache[target, :, :length] = cache[source, :, :length]

    def get_seq_length(self, *_: Any) -> int:
        return 0

    def _write(self, cache: Tensor, new: Tensor) -> Tensor:
        row, position = self._place
        cache[row, :, position] = new[:, :, 0] if self._scatter else new
        rows, end = self._view
        return cache[rows, :, end]


class TorchNetwork:
    """Implements compute.Network. The last row of the cache is where prompts are read."""

    def __init__(self, model: PreTrainedModel, seats: int, positions: int) -> None:
        _require_plain_attention(model.config)
        self.seats = seats
        self.limit = min(positions, getattr(model.config, "max_position_embeddings", positions))
        self.vocabulary: int = model.config.vocab_size
        self._model = model
        self._reading = max(seats, FEWEST_ROWS)
        self._rows = Rows(model.config, self._reading + 1, self.limit, model.dtype)

    @classmethod
    def load(cls, source: str | Path, seats: int, positions: int, dtype: torch.dtype, threads: int) -> "TorchNetwork":
        torch.set_num_threads(threads)
        model = AutoModelForCausalLM.from_pretrained(source, dtype=dtype, attn_implementation="sdpa")
        return cls(model.eval(), seats, positions)

    def read(self, tokens: Sequence[int], start: int, every: bool) -> Tensor:
        end = start + len(tokens)
        self._rows.aim_at_row(self._reading, start, end)
        seen = torch.ones(len(tokens), end, dtype=torch.bool).tril(start)
        return self._forward(torch.tensor([tokens]), torch.arange(start, end)[None], seen[None, None], every)[0]

    def seat(self, row: int, length: int) -> None:
        self.move(self._reading, row, length)

    def move(self, source: int, target: int, length: int) -> None:
        with torch.inference_mode():
            self._rows.copy(source, target, length)

    def extend(self, tokens: Sequence[int], positions: Sequence[int]) -> Tensor:
        idle = [0] * (FEWEST_ROWS - len(tokens))
        places = torch.tensor([*positions, *idle])
        self._rows.aim_at_positions(places)
        seen = torch.arange(self._rows.reach(places)) <= places[:, None]
        logits = self._forward(torch.tensor([*tokens, *idle])[:, None], places[:, None], seen[:, None, None], False)
        return logits[: len(tokens), 0]

    def embed(self, tokens: Sequence[int]) -> list[float]:
        with torch.inference_mode():
            hidden = self._model.base_model(input_ids=torch.tensor([tokens]), use_cache=False).last_hidden_state
            mean = hidden[0].float().mean(dim=0)
            vector: list[float] = torch.nn.functional.normalize(mean, dim=0).tolist()
        return vector

    def _forward(self, tokens: Tensor, positions: Tensor, seen: Tensor, every: bool) -> Tensor:
        with torch.inference_mode():
            logits: Tensor = self._model(
                input_ids=tokens,
                position_ids=positions,
                attention_mask=seen,
                past_key_values=self._rows,
                use_cache=True,
                logits_to_keep=0 if every else 1,
            ).logits
            return logits.float()


def _zeros(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """Zeros that take memory only once written: pages of the system's, where torch would write them all."""
    pages = mmap.mmap(-1, math.prod(shape) * dtype.itemsize)
    return torch.frombuffer(pages, dtype=dtype).view(shape)


def _up_to_stride(positions: int) -> int:
    return -(-positions // STRIDE) * STRIDE


def _require_plain_attention(config: Any) -> None:
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    if kinds != {"full_attention"} or getattr(config, "is_encoder_decoder", False):
        raise ValueError(f"{config.model_type} needs {', '.join(sorted(kinds))}: only models with full attention in "
                         "every layer can be served here. Take vLLM for this one.")  # fmt: skip
