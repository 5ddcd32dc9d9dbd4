"""Cutting a prompt that is too long, where the caller wants that."""

from dataclasses import dataclass

from models.demo.errors import BadRequest


@dataclass(frozen=True)
class Truncation:
    """Of a prompt to `tokens` tokens; -1: to what leaves room for one more. The end is kept unless `side` is right."""

    tokens: int
    side: str | None = None

    def apply(self, tokens: list[int], limit: int) -> list[int]:
        if self.tokens > limit:
            raise BadRequest(
                f"truncate_prompt_tokens={self.tokens} cannot be greater than max_model_len = {limit}. "
                "Please request a smaller truncation size.", "truncate_prompt_tokens", self.tokens
            )  # fmt: skip
        kept = limit - 1 if self.tokens < 0 else self.tokens
        return tokens[:kept] if self.side == "right" else tokens[len(tokens) - min(kept, len(tokens)) :]
