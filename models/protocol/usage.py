"""Token counts as upstream reports them, under each of its names."""

from typing import Any

import msgspec


class Usage(msgspec.Struct, frozen=True):
    """Tokens of one exchange. ``cached`` of the prompt's came from a prefix cache."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0


def usage_of(fields: Any) -> Usage | None:
    """Reads a ``usage`` object in the names of any of the APIs; None if it is none."""
    if not isinstance(fields, dict):
        return None
    prompt = _count(fields, "prompt_tokens", "input_tokens")
    completion = _count(fields, "completion_tokens", "output_tokens")
    details = fields.get("prompt_tokens_details") or fields.get("input_tokens_details")
    if isinstance(details, dict):
        return Usage(prompt, completion, _count(details, "cached_tokens"))
    return Usage(prompt, completion, _count(fields, "cache_read_input_tokens"))


def _count(fields: dict[str, Any], *names: str) -> int:
    """The first of ``names`` that holds a count: a number that the journal and the ledger can hold, and no boolean."""
    values = (fields.get(name) for name in names)
    return next((value for value in values if type(value) is int and 0 <= value < 1 << 63), 0)
