"""Token counts as upstream reports them, under each of its names."""

from typing import Annotated, Any

import msgspec

Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]  # what the journal, the ledger and JSON can all hold


class Usage(msgspec.Struct, frozen=True):
    """Tokens of one exchange. ``cached_tokens`` of the prompt's came from a prefix cache."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0


class Details(msgspec.Struct, frozen=True):
    """Where prompt tokens came from."""

    cached_tokens: Count | None = None


class Reported(msgspec.Struct, frozen=True):
    """A ``usage`` object in OpenAI's first names, and in those of the Responses and Messages APIs."""

    prompt_tokens: Count | None = None
    input_tokens: Count | None = None
    completion_tokens: Count | None = None
    output_tokens: Count | None = None
    prompt_tokens_details: Details | None = None
    input_tokens_details: Details | None = None
    cache_read_input_tokens: Count | None = None

    def usage(self) -> Usage:
        details = self.prompt_tokens_details or self.input_tokens_details
        cached = details.cached_tokens if details is not None else self.cache_read_input_tokens
        return Usage(self.prompt_tokens or self.input_tokens or 0, self.completion_tokens or self.output_tokens or 0,
                     cached or 0)


def usage_of(fields: Any) -> Usage | None:
    """Reads a decoded ``usage`` object; None where it is none, or holds what are no counts."""
    if fields is None:
        return None
    try:
        return msgspec.convert(fields, Reported).usage()
    except msgspec.ValidationError:
        return None
