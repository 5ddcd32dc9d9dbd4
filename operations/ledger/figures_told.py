"""An exchange in figures: times, tokens, cost, and where its record stands. Each has a label of its own."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from operations.ledger.lengths import money_of, time_of

Row = Mapping[str, Any]
Figure = tuple[str, str]


def figures_told(row: Row) -> Iterator[Figure]:
    """Label and sentence. What the ledger was not asked for (no key in ``row``) is not told of."""
    yield "took", ", ".join(_times(row))
    if row["usage_source"] != "none":
        cached = f" ({row['cached_tokens']} of them cached)" if row["cached_tokens"] else ""
        yield "tokens", (f"{row['prompt_tokens']} of prompt{cached}, {row['completion_tokens']} of completion, "
                         f"as {row['usage_source']}")
        yield "cost", _cost(row)
    yield "bytes", f"{row['bytes_in']} in, {row['bytes_out']} out"
    if row["guard_differences"]:
        yield "shadow", f"the policy in shadow would have done otherwise: {'; '.join(row['guard_differences'])}"
    if row["policy_digest"]:
        yield "policy", f"rules of digest {row['policy_digest'][:16]}"
    yield from _kin(row)
    yield "content", _content(row)
    yield "record", _record(row)


def _times(row: Row) -> Iterator[str]:
    yield f"{time_of(row['total_seconds'])} in all"
    yield f"{time_of(row['overhead_seconds'])} of it the gateway's own"
    if row["queue_seconds"]:
        yield f"{time_of(row['queue_seconds'])} waiting for a place"
    if row["first_token_seconds"]:
        yield f"{time_of(row['first_token_seconds'])} to the first token"
    gaps = sum(row["token_gap_counts"])
    if gaps:
        yield f"{time_of(row['token_gap_seconds'] / gaps)} between its tokens on average"


def _cost(row: Row) -> str:
    if row["usage_source"] == "cached":
        return f"none: it was remembered, which saved {money_of(row['saved_micros'])}"
    price = row.get("price")
    if price is None:  # the revision is not known here
        return money_of(row["cost_micros"])
    if not price:
        return f"none: revision {row['revision']} sets no price for {row['arm_served']}"
    cached = "" if price.get("cached") is None else f", {price['cached']:g} of cached prompt"
    return (f"{money_of(row['cost_micros'])}: a million tokens of prompt cost {price['prompt']:g}{cached}, "
            f"{price['completion']:g} of completion (revision {row['revision']})")


def _kin(row: Row) -> Iterator[Figure]:
    if row["cache"] == "similar":
        yield "parent", f"its answer is that to exchange {row['parent']}"
    elif row["parent"]:
        yield "parent", f"it repeats exchange {row['parent']} ({row['purpose']})"
    if row["batch"]:
        yield "batch", row["batch"]
    if row.get("copies"):
        yield "copies", ", ".join(f"{copy['id']} ({copy['purpose']})" for copy in row["copies"])


def _content(row: Row) -> str:
    kept = row.get("kept")
    if kept:
        return f"{kept['state']}{_until(kept.get('until'))}"
    return f"kept as {row['content']}" if row["content"] else "not kept"


def _record(row: Row) -> str:
    kept = f"kept as {row['retention']}" if row["retention"] else "kept as all records are"
    if not row["sequence"]:
        return f"{kept}; in no chain"
    chain = f"{kept}; number {row['sequence']} in the chain of {row['writer']}"
    if "sealed" not in row:
        return chain
    sealed = row["sealed"]
    return f"{chain}, sealed by checkpoint {sealed['checkpoint']}" if sealed else f"{chain}, not sealed yet"


def _until(seconds: float | None) -> str:
    return f" until {datetime.fromtimestamp(seconds, UTC).isoformat(sep=' ', timespec='seconds')[:-6]} UTC" if (
        seconds) else ""
