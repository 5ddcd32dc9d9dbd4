"""How one sequence is to be generated: sampling, penalties, limits and stops, checked in vLLM's words."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from models.demo.errors import BadRequest

GREEDY = 1e-5  # vLLM's threshold: a temperature below it means argmax.
LOWEST_TEMPERATURE = 0.01  # What vLLM raises a smaller, but not greedy, temperature to.
MOST_LOGPROBS = 20
MOST_SEQUENCES = 64


@dataclass(frozen=True, slots=True)
class Params:
    """Decoding parameters of one sequence. Token counts in tokens; `seed` None draws a fresh one."""

    max_tokens: int
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    seed: int | None = None
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    repetition_penalty: float = 1.0
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    allowed_token_ids: tuple[int, ...] | None = None
    min_tokens: int = 0
    ignore_eos: bool = False
    stop: tuple[str, ...] = ()
    stop_token_ids: frozenset[int] = frozenset()
    include_stop_str_in_output: bool = False
    skip_special_tokens: bool = True
    logprobs: int | None = None
    prompt_logprobs: int | None = None

    @property
    def greedy(self) -> bool:
        return self.temperature < GREEDY

    @property
    def penalised(self) -> bool:
        return bool(self.presence_penalty or self.frequency_penalty or self.repetition_penalty != 1.0)

    @property
    def bends(self) -> bool:
        """Whether logits are changed before the best one is looked for."""
        return bool(self.penalised or self.logit_bias or self.allowed_token_ids)

    def settled(self) -> "Params":
        """The same parameters as they take effect.

        Greedy decoding ignores the truncations, and very low temperatures are raised, as vLLM does.
        """
        if self.greedy:
            return replace(self, top_p=1.0, top_k=0, min_p=0.0)
        return replace(self, temperature=max(self.temperature, LOWEST_TEMPERATURE), top_k=max(self.top_k, 0))


def check(params: Params, n: int, vocabulary: int) -> None:
    """Raises BadRequest for the first parameter that is out of its range. `vocabulary` is the number of tokens."""
    _check_count(params, n)
    _check_penalties(params)
    _check_distribution(params)
    _check_limits(params)
    _check_stops(params)
    _check_tokens(params, vocabulary)


def _check_count(params: Params, n: int) -> None:
    if n < 1:
        raise BadRequest(f"n must be at least 1, got {n}.")
    if n > MOST_SEQUENCES:
        raise BadRequest(f"n must be at most {MOST_SEQUENCES}, got {n}.")
    if n > 1 and params.greedy:
        raise BadRequest(f"n must be 1 when using greedy sampling, got {n}.")


def _check_penalties(params: Params) -> None:
    for name in ("presence_penalty", "frequency_penalty"):
        if not -2.0 <= (value := getattr(params, name)) <= 2.0:
            raise BadRequest(f"{name} must be in [-2, 2], got {value}.")
    if not math.isfinite(params.repetition_penalty):
        raise BadRequest(f"repetition_penalty must be a finite number, got {params.repetition_penalty}.")
    if params.repetition_penalty <= 0.0:
        raise BadRequest(f"repetition_penalty must be greater than zero, got {params.repetition_penalty}.")


def _check_distribution(params: Params) -> None:
    if not math.isfinite(params.temperature):
        raise _out_of_range("temperature", "must be a finite number", params.temperature)
    if params.temperature < 0.0:
        raise _out_of_range("temperature", "must be non-negative", params.temperature)
    if params.temperature > 2.0:
        raise _out_of_range("temperature", "must be in [0, 2]", params.temperature)
    if not 0.0 < params.top_p <= 1.0:
        raise _out_of_range("top_p", "must be in (0, 1]", params.top_p)
    if params.top_k < -1:
        raise BadRequest(f"top_k must be 0 (disable), or at least 1, got {params.top_k}.")
    if not 0.0 <= params.min_p <= 1.0:
        raise BadRequest(f"min_p must be in [0, 1], got {params.min_p}.")


def _check_limits(params: Params) -> None:
    if params.max_tokens < 1:
        raise _out_of_range("max_tokens", "must be at least 1", params.max_tokens)
    if params.min_tokens < 0:
        raise BadRequest(f"min_tokens must be greater than or equal to 0, got {params.min_tokens}.")
    if params.min_tokens > params.max_tokens:
        raise BadRequest(
            f"min_tokens must be less than or equal to max_tokens={params.max_tokens}, got {params.min_tokens}."
        )
    for name, what in (("logprobs", "sample"), ("prompt_logprobs", "prompt")):
        if (wanted := getattr(params, name)) is not None and not 0 <= wanted <= MOST_LOGPROBS:
            message = f"Requested {what} logprobs of {wanted}, which is greater than max allowed: {MOST_LOGPROBS}"
            raise BadRequest(message, name, wanted)


def _check_stops(params: Params) -> None:
    if not all(params.stop):
        raise BadRequest("stop cannot contain an empty string.")


def _check_tokens(params: Params, vocabulary: int) -> None:
    if strange := [token for token in params.logit_bias if not 0 <= token < vocabulary]:
        message = f"token_id(s) {strange} in logit_bias contain out-of-vocab token ids. Vocabulary size: {vocabulary}"
        raise BadRequest(message, "logit_bias", strange)
    if params.allowed_token_ids == ():
        raise BadRequest("allowed_token_ids is not None and empty!", "allowed_token_ids")
    if any(not 0 <= token < vocabulary for token in params.allowed_token_ids or ()):
        raise BadRequest("allowed_token_ids contains out-of-vocab token id!", "allowed_token_ids")
    if any(not 0 <= token < vocabulary for token in params.stop_token_ids):
        raise BadRequest("stop_token_ids contains out-of-vocab token id!", "stop_token_ids")


def _out_of_range(name: str, rule: str, value: Any) -> BadRequest:
    return BadRequest(f"{name} {rule}, got {value}.", name, value)
