"""What every route needs: the engine, the tokenizer, the name under which the model is served, its limits."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from models.demo.engine import Engine
from models.demo.errors import BadRequest, UnknownModel
from models.demo.generation import Generation
from models.demo.memory import ResponseMemory
from models.demo.metrics import Metrics
from models.demo.params import Params, check
from models.demo.sequence import Sequence
from models.demo.tokenizer import Tokenizer
from models.demo.truncation import Truncation

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
    vocabulary: int
    fingerprint: str
    clock: Callable[[], float]
    memory: ResponseMemory

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

    def encode(self, text: str, special: bool, cut: Truncation | None = None) -> list[int]:
        """The tokens of a prompt that fits. Raises BadRequest for one that does not, if possible before counting."""
        most = self.max_model_len * self.tokenizer.longest
        if len(text) > most and cut is None:
            raise BadRequest(
                f"This model's maximum context length is {self.max_model_len} tokens. However, your prompt contains "
                f"{len(text)} characters (more than {most} characters, which is the upper bound for "
                f"{self.max_model_len} input tokens). Please reduce the length of the input prompt.", "input_text",
                len(text)
            )  # fmt: skip
        return self.fit(self.tokenizer.encode(text, special=special), cut)

    def fit(self, tokens: list[int], cut: Truncation | None = None) -> list[int]:
        """`tokens`, cut if that is wanted. Raises BadRequest if they are too many or not all of the vocabulary."""
        kept = self.known(tokens if cut is None else cut.apply(tokens, self.max_model_len))
        self.check_prompt(kept)
        if not kept:
            raise BadRequest("The decoder prompt cannot be empty")
        return kept

    def known(self, tokens: list[int]) -> list[int]:
        """`tokens`, if all are of the vocabulary. Raises BadRequest."""
        if strange := [token for token in tokens if not 0 <= token < self.vocabulary]:
            raise BadRequest(f"Token id {strange[0]} is out of vocabulary")
        return tokens

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
            check(params, n, self.vocabulary)
        build = [partial(self._sequence, prompt, params, copy) for prompt, params in prompts for copy in range(n)]
        generation = Generation(self.engine, build)
        generation.submit()
        return generation

    def _sequence(self, prompt: list[int], params: Params, copy: int, index: int, deliver: Any) -> Sequence:
        decode = partial(self.tokenizer.decode, skip_special=params.skip_special_tokens)
        return Sequence(prompt, params, decode, self.tokenizer.eos, self.max_model_len, index, deliver, copy)


def request_id(headers: Mapping[str, str], own: str | None = None) -> str:
    """The one in X-Request-Id, else the caller's `own` from the body, else sixteen hexadecimal digits."""
    return headers.get("x-request-id") or own or secrets.token_hex(8)
