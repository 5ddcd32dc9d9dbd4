"""What a version's tokens cost, in whole numbers: sums of millions of exchanges stay right to the last digit."""

import msgspec

# A price is written per million tokens with at most six decimals: in this unit, for one token, it is a whole number.
PER_MICRO = 1_000_000
MAX_MICROS = 1 << 53  # what the journal, the ledger and JSON can all hold


class Price(msgspec.Struct, frozen=True):
    """Of one token, in millionths of a millionth of the operator's unit of currency. ``cached`` is for those of the
    prompt that the server had in its prefix cache."""

    prompt: int
    cached: int
    completion: int

    def micros(self, prompt_tokens: int, cached_tokens: int, completion_tokens: int) -> int:
        """What they cost together, in millionths of the unit, rounded once, a half up. ``cached_tokens`` are part of
        ``prompt_tokens``."""
        cached = min(cached_tokens, prompt_tokens)
        exactly = (prompt_tokens - cached) * self.prompt + cached * self.cached + completion_tokens * self.completion
        return min((exactly + PER_MICRO // 2) // PER_MICRO, MAX_MICROS)
