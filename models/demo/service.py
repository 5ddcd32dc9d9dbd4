"""What every route needs: the engine, the tokenizer, the name under which the model is served, its limits."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from models.demo.engine import Engine
from models.demo.errors import BadRequest, UnknownModel
from models.demo.generation import Generation
from models.demo.metrics import Metrics
from models.demo.params import Params, check
from models.demo.sequence import Sequence
from models.demo.tokenizer import Tokenizer

VLLM_VERSION = "0.32.0"
"""The release whose wire format this server speaks. /version says so too, since clients choose by it."""


@dataclass(frozen=True)
class Service:
    """`clock` gives seconds since the epoch. `names` are all the model answers to; replies carry the first."""

    engine: Engine
    tokenizer: Tokenizer
    metrics: Metrics
    names: tuple[str, ...]
    root: str
    max_model_len: int
    fingerprint: str
    clock: Callable[[], float]

    @property
    def name(self) -> str:
        return self.names[0]

    def now(self) -> int:
        return int(self.clock())

    def check_model(self, asked: str | None) -> None:
        """No name means the one model there is."""
        if asked and asked not in self.names:
            raise UnknownModel(asked, ", ".join(self.names))

    def check_limit(self, max_tokens: int | None, field: str) -> None:
        if max_tokens is not None and max_tokens > self.max_model_len:
            raise BadRequest(
                f"{field}={max_tokens} cannot be greater than max_model_len={self.max_model_len}. "
                "Please request fewer output tokens.", field, max_tokens
            )  # fmt: skip

    def check_prompt(self, tokens: list[int]) -> None:
        """vLLM stops counting one token after the limit, and says "at least"; so do we, for the same words."""
        counted = min(len(tokens), self.max_model_len + 1)
        if counted > self.max_model_len:
            raise BadRequest(
                f"This model's maximum context length is {self.max_model_len} tokens. However, your prompt contains at "
                f"least {counted} input tokens, which exceeds this limit even without any output tokens. Please reduce "
                "the length of the input prompt.", "input_tokens", counted
            )  # fmt: skip

    def room(self, prompt: list[int], asked: int | None) -> int:
        """How many tokens may be generated: what was asked for, cut down to what fits beside the prompt."""
        rest = self.max_model_len - len(prompt)
        return rest if asked is None else min(asked, rest)

    def generate(self, prompts: list[tuple[list[int], Params]], n: int = 1) -> Generation:
        """Starts `n` sequences for each prompt, numbered in order. Raises BadRequest and EngineDead."""
        for _, params in prompts:
            check(params, n)
        build = [partial(self._sequence, prompt, params, copy) for prompt, params in prompts for copy in range(n)]
        generation = Generation(self.engine, build)
        generation.submit()
        return generation

    def _sequence(self, prompt: list[int], params: Params, copy: int, index: int, deliver: Any) -> Sequence:
        decode = partial(self.tokenizer.decode, skip_special=params.skip_special_tokens)
        return Sequence(prompt, params, decode, self.tokenizer.eos, self.max_model_len, index, deliver, copy)


def request_id(headers: Mapping[str, str]) -> str:
    """The caller's own, else sixteen hexadecimal digits."""
    return headers.get("x-request-id") or secrets.token_hex(8)
