"""Shares: one reply to several requests, taken apart, so that each gets what it would have got alone.

Vectors are never read: they are cut out of the reply as they stand in it, and put into another.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from models.protocol.usage import Usage, usage_of

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_rows = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class Odd(Exception):
    """A reply that cannot be taken apart: not one row for each input, or no rows at all."""


class Claim(msgspec.Struct, frozen=True):
    """What a request has to get: so many ``rows``, its ``weight`` of the tokens, and its own ``id``."""

    id: str
    rows: int
    weight: int


class Share(msgspec.Struct, frozen=True):
    """A request's own reply, and the tokens that it tells; None where the server told none."""

    body: bytes
    usage: Usage | None


def shares_of(body: bytes, claims: Sequence[Claim], asked_as: str) -> list[Share]:
    """A share for each claim, in their order. ``asked_as`` is the id under which the server was asked: where it stands
    in the reply's own, there stands the claim's. Raises Odd."""
    fields, rows = _read(body)
    rows = _in_order(rows, sum(claim.rows for claim in claims))
    usages = _usages(fields.get("usage"), [claim.weight for claim in claims])
    shares, first = [], 0
    for claim, usage in zip(claims, usages, strict=True):
        own = [{**row, "index": number} for number, row in enumerate(rows[first : first + claim.rows])]
        first += claim.rows
        reply: dict[str, Any] = {**fields, "data": own}
        if "usage" in fields:
            reply["usage"] = usage
        if "id" in fields:
            reply["id"] = msgspec.Raw(bytes(fields["id"]).replace(asked_as.encode(), claim.id.encode()))
        shares.append(Share(_encode(reply), usage_of(usage)))
    return shares


def _read(body: bytes) -> tuple[dict[str, msgspec.Raw], list[dict[str, msgspec.Raw]]]:
    try:
        fields = _fields.decode(body)
        return fields, _rows.decode(fields["data"])
    except (msgspec.MsgspecError, KeyError, UnicodeDecodeError, RecursionError) as error:
        raise Odd(f"no rows: {error}") from None


def _in_order(rows: list[dict[str, msgspec.Raw]], count: int) -> list[dict[str, msgspec.Raw]]:
    """By their index, which must tell of each input once."""
    try:
        numbers = [int(bytes(row["index"])) for row in rows]
    except (KeyError, ValueError):
        raise Odd("a row without an index") from None
    if numbers == list(range(count)):
        return rows
    if sorted(numbers) != list(range(count)):
        raise Odd(f"rows {numbers[:10]} for {count} inputs")
    return [row for _, row in sorted(zip(numbers, rows, strict=True), key=lambda pair: pair[0])]


def _usages(told: msgspec.Raw | None, weights: Sequence[int]) -> list[Any]:
    if told is None:
        return [None] * len(weights)
    try:
        return _shared_out(_decode(told), weights)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Odd(f"no usage: {error}") from None


def _shared_out(told: Any, weights: Sequence[int]) -> list[Any]:
    """Every count in it, shared out; what is none stays as it is."""
    if isinstance(told, dict):
        by_field = {name: _shared_out(value, weights) for name, value in told.items()}
        return [{name: values[place] for name, values in by_field.items()} for place in range(len(weights))]
    if type(told) is int and told >= 0:
        return list(apportioned(told, weights))
    return [told] * len(weights)


def apportioned(total: int, weights: Sequence[int]) -> list[int]:
    """``total`` in whole parts that add up to it, each within one of its exact share: the method of the largest
    remainders (Hamilton 1792), of equal ones the earlier. Weights are above zero."""
    whole = sum(weights)
    parts = [total * weight // whole for weight in weights]
    largest_first = sorted(range(len(weights)), key=lambda place: -(total * weights[place] % whole))
    for place in largest_first[: total - sum(parts)]:
        parts[place] += 1
    return parts
