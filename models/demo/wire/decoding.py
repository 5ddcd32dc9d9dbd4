"""The fields by which chat and completion requests steer decoding. They are the same in both."""

from typing import Any

import msgspec

from models.demo.errors import BadRequest, Unsupported
from models.demo.params import Params

MOST_BIAS = 100.0


class StreamOptions(msgspec.Struct):
    include_usage: bool | None = False
    continuous_usage_stats: bool | None = False


class Decoding(msgspec.Struct, kw_only=True):
    """Absent and null mean the default, as in vLLM. What is not listed here is accepted and ignored."""

    model: str | None = None
    n: int | None = 1
    seed: int | None = None
    stop: str | list[str] | None = None
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
    return_token_ids: bool | None = None
    truncate_prompt_tokens: int | None = None
    response_format: dict[str, Any] | None = None
    structured_outputs: dict[str, Any] | None = None
    use_beam_search: bool = False

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
        if self.structured_outputs or (self.response_format or {}).get("type", "text") != "text":
            raise Unsupported("The demo model cannot be held to a format. Leave out `response_format` and "
                              "`structured_outputs`, or ask a vLLM server.", "response_format")  # fmt: skip
        if self.use_beam_search:
            raise Unsupported("The demo model has no beam search. Leave out `use_beam_search`.", "use_beam_search")

    def params(self, max_tokens: int, logprobs: int | None, prompt_logprobs: int | None = None) -> Params:
        return Params(
            max_tokens=max_tokens,
            temperature=_or(self.temperature, 1.0),
            top_p=_or(self.top_p, 1.0),
            top_k=int(_or(self.top_k, 0)),
            min_p=_or(self.min_p, 0.0),
            seed=self.seed,
            presence_penalty=_or(self.presence_penalty, 0.0),
            frequency_penalty=_or(self.frequency_penalty, 0.0),
            repetition_penalty=_or(self.repetition_penalty, 1.0),
            logit_bias=_bias(self.logit_bias or {}),
            min_tokens=self.min_tokens,
            ignore_eos=self.ignore_eos,
            stop=(self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ()),
            stop_token_ids=frozenset(self.stop_token_ids or ()),
            include_stop_str_in_output=self.include_stop_str_in_output,
            skip_special_tokens=self.skip_special_tokens,
            logprobs=logprobs,
            prompt_logprobs=prompt_logprobs,
        )


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _bias(given: dict[str, float]) -> dict[int, float]:
    strange = [key for key in given if not key.lstrip("-").isdecimal()]
    if strange:
        message = f"logit_bias contains key(s) that cannot be converted to integer token IDs: {strange!r}"
        raise BadRequest(message, "logit_bias", strange)
    return {int(token): min(MOST_BIAS, max(-MOST_BIAS, bias)) for token, bias in given.items()}
