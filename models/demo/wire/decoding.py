"""The fields by which chat and completion requests steer decoding. They are the same in both."""

from typing import Annotated, Any, Literal

import msgspec

from models.demo.errors import BadRequest, Unsupported
from models.demo.params import Params
from models.demo.truncation import Truncation

MOST_BIAS = 100.0
UNSUPPORTED = {
    "structured_outputs": "cannot be held to a format",
    "use_beam_search": "has no beam search",
    "bad_words": "cannot be forbidden words",
    "logprob_token_ids": "cannot be asked for the likelihood of chosen tokens",
    "repetition_detection": "does not notice that it repeats itself",
    "return_tokens_as_token_ids": "writes tokens as their text only",
}

Seed = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Stop = str | list[str] | None


class StreamOptions(msgspec.Struct):
    include_usage: bool | None = False
    continuous_usage_stats: bool | None = False


class Decoding(msgspec.Struct, kw_only=True):
    """Absent and null mean the default, as in vLLM. What is not listed here is accepted and ignored."""

    model: str | None = None
    n: int | None = 1
    seed: Seed | None = None
    stop: Stop = None
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    repetition_penalty: float | None = None
    logit_bias: dict[str, float] | None = None
    min_tokens: int = 0
    ignore_eos: bool = False
    stop_token_ids: list[int] | None = None
    include_stop_str_in_output: bool = False
    skip_special_tokens: bool = True
    add_special_tokens: bool = True
    allowed_token_ids: list[int] | None = None
    prompt_logprobs: int | None = None
    truncate_prompt_tokens: int | None = None
    truncation_side: Literal["left", "right"] | None = None
    return_token_ids: bool | None = None
    request_id: str | None = None
    bad_words: list[str] | None = None
    logprob_token_ids: list[int] | None = None
    repetition_detection: dict[str, Any] | None = None
    return_tokens_as_token_ids: bool | None = None
    response_format: dict[str, Any] | None = None
    structured_outputs: dict[str, Any] | None = None
    use_beam_search: bool = False

    @property
    def cut(self) -> Truncation | None:
        if self.truncate_prompt_tokens is None:
            return None
        return Truncation(self.truncate_prompt_tokens, self.truncation_side)

    @property
    def count(self) -> int:
        return 1 if self.n is None else self.n

    @property
    def wants_usage(self) -> bool:
        return bool(self.stream_options and self.stream_options.include_usage)

    @property
    def wants_usage_always(self) -> bool:
        return bool(self.wants_usage and self.stream_options and self.stream_options.continuous_usage_stats)

    def check(self) -> None:
        """Raises for what contradicts itself, and for what a demo cannot do."""
        if self.stream_options and not self.stream:
            raise BadRequest("Stream options can only be defined when `stream=True`.", "stream_options")
        if (self.response_format or {}).get("type", "text") != "text":
            raise Unsupported("The demo model cannot be held to a format. Leave out `response_format`.",
                              "response_format")  # fmt: skip
        for field, lack in UNSUPPORTED.items():
            if getattr(self, field):
                raise Unsupported(f"The demo model {lack}. Leave out `{field}`.", field)
        if self.stream and self.prompt_logprobs:
            raise BadRequest("`prompt_logprobs` are not available when `stream=True`.", "prompt_logprobs")
        if self.prompt_logprobs is not None and self.prompt_logprobs < 0:
            raise BadRequest(
                "`prompt_logprobs` must be a positive value or -1.", "prompt_logprobs", self.prompt_logprobs
            )

    def params(self, max_tokens: int, logprobs: int | None, prompt_logprobs: int | None = None) -> Params:
        return Params(
            max_tokens=max_tokens,
            temperature=number(self.temperature, 1.0),
            top_p=number(self.top_p, 1.0),
            top_k=int(number(self.top_k, 0)),
            min_p=number(self.min_p, 0.0),
            seed=self.seed,
            presence_penalty=number(self.presence_penalty, 0.0),
            frequency_penalty=number(self.frequency_penalty, 0.0),
            repetition_penalty=number(self.repetition_penalty, 1.0),
            logit_bias=bias(self.logit_bias or {}),
            allowed_token_ids=None if self.allowed_token_ids is None else tuple(self.allowed_token_ids),
            min_tokens=self.min_tokens,
            ignore_eos=self.ignore_eos,
            stop=stops(self.stop),
            stop_token_ids=frozenset(self.stop_token_ids or ()),
            include_stop_str_in_output=self.include_stop_str_in_output,
            skip_special_tokens=self.skip_special_tokens,
            logprobs=logprobs,
            prompt_logprobs=prompt_logprobs,
        )


def number(value: float | None, default: float) -> float:
    return default if value is None else value


def stops(given: Stop) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given or ())


def bias(given: dict[str, float]) -> dict[int, float]:
    strange = [key for key in given if not key.lstrip("-").isdecimal()]
    if strange:
        message = f"logit_bias contains key(s) that cannot be converted to integer token IDs: {strange!r}"
        raise BadRequest(message, "logit_bias", strange)
    return {int(token): min(MOST_BIAS, max(-MOST_BIAS, bias)) for token, bias in given.items()}
