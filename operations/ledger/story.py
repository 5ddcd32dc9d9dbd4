"""Tells an exchange in plain sentences, from its row and the signals about it alone."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

_UNITS = {"user": "the user", "key": "the key", "header": "the header that the model is sticky to",
          "request": "the request itself"}
_CERTAIN = {"pinned": "because the request named it", "state": "because the response that it goes on from is there"}
_OUTCOMES = {
    "answered": "It was answered", "refused": "It was refused", "failed": "It failed", "abandoned": "It was abandoned"}
_BLAME = {"caller": "the caller", "policy": "a policy", "gateway": "the gateway", "upstream": "the model server"}

Row = Mapping[str, Any]


def story_of(row: Row) -> list[str]:
    """One sentence or more on each thing that happened, in the order in which it happened."""
    return [" ".join(sentences) for sentences in (
        list(_arrival(row)), list(_assignment(row)), list(_attempts(row)), list(_guards(row)), list(_end(row)),
        list(_timings(row)), list(_tokens(row)), list(_signals(row))) if sentences]


def _arrival(row: Row) -> Iterator[str]:
    at = datetime.fromtimestamp(row["started_at"], UTC).isoformat(sep=" ", timespec="milliseconds")
    way = "a stream" if row["streamed"] else "one reply"
    yield f"Exchange {row['id']} began at {at[:-6]} UTC on worker {row['worker'] or '(unnamed)'}."
    who = f"key {row['key']} of tenant {row['tenant']}" if row["key"] else "a caller without a key"
    yield f"It came from {who} and asked {row['operation'] or 'an unknown operation'} for {way}."
    if row["client_request_id"]:
        yield f"The caller named it {row['client_request_id']}."
    if row["purpose"] != "live":
        yield f"Its purpose was {row['purpose']}."


def _assignment(row: Row) -> Iterator[str]:
    if not row["model"]:
        yield "It named no model that the gateway knows, so no version was chosen."
        return
    if not row["arm_assigned"]:
        yield f"It asked for model {row['model']} under revision {row['revision']}; no version was chosen."
        return
    yield (f"It asked for model {row['model']}; revision {row['revision']} gave it version {row['arm_assigned']}, "
           f"{_why(row)}.")
    if row["arm_served"] and row["arm_served"] != row["arm_assigned"]:
        yield f"Version {row['arm_served']} answered in its place, as the fallback."


def _why(row: Row) -> str:
    if row["unit_kind"] in _CERTAIN:
        return _CERTAIN[row["unit_kind"]]
    unit = _UNITS.get(row["unit_kind"], row["unit_kind"] or "the unit")
    return (f"because {unit} falls at {row['unit_fraction']:.6f} of the split, in the part that takes "
            f"{row['propensity']:.1%} of all units")


def _attempts(row: Row) -> Iterator[str]:
    for number, attempt in enumerate(row["attempts"], 1):
        status = f" with status {attempt['status']}" if attempt.get("status") else ""
        yield (f"Attempt {number} went to {attempt['endpoint']} ({attempt['version']}): {attempt['result']}{status} "
               f"after {time_of(attempt['seconds'])}.")
    if not row["attempts"]:
        yield "No model server was asked."
    if row["cache"] != "bypass":
        yield f"The cache said {row['cache']}."


_ACTIONS = {"block": "blocked", "redact": "redacted", "flag": "flagged", "shadow": "only counted"}
_SIDES = {"prompt": "the request", "reply": "the reply"}
_FAILED = {"error": "failed", "timeout": "took too long", "overloaded": "had no room",
           "unreadable": "could not read token ids or embeddings",
           "cancelled": "was cut short by the gateway's end"}
_MODES = {"block": "which declines the exchange", "allow": "which lets it pass", "shadow": "which changes nothing"}


def _guards(row: Row) -> Iterator[str]:
    for told in row["guards"]:
        side, guard, action, count = (*told.split(":"), "1")[:4]
        times = "once" if count == "1" else f"{count} times"
        labels = ", ".join(dict.fromkeys(
            one["label"] for one in row["findings"] if (one["side"], one["guard"], one["action"]) ==
            (side, guard, action)))
        yield (f"In {_SIDES.get(side, side)}, the guard {guard} {_ACTIONS.get(action, action)} what it found, {times}"
               f"{f' ({labels})' if labels else ''}.")
    for told in row["guard_failures"]:
        yield f"{_failure(told)}, {_MODES.get(told.rpartition(':')[2], told)}."
    if row["guard_differences"]:
        yield f"The policy in shadow would have done otherwise: {'; '.join(row['guard_differences'])}."
    if row["guard_seconds"]:
        took = (f"{guard.replace(':', ' ', 1)} {time_of(seconds)}" for guard, seconds in row["guard_seconds"].items())
        yield f"Guards took: {', '.join(took)}."


def _failure(told: str) -> str:
    side, guard, reason, _ = told.split(":")
    subject = "The guards" if guard == "every" else f"The guard {guard}"
    return f"{subject} {_FAILED.get(reason, reason)} over {_SIDES.get(side, side)}"


def _signals(row: Row) -> Iterator[str]:
    """What guards came to that nobody waited for."""
    for signal in row.get("signals", ()):
        if signal["kind"] == "guard":
            yield from (f"Afterwards, {sentence[0].lower()}{sentence[1:]}" for sentence in _guards(signal["body"]))


def _end(row: Row) -> Iterator[str]:
    told = _OUTCOMES.get(row["outcome"], f"It ended as {row['outcome'] or 'unknown'}")
    status = f" with status {row['status']}" if row["status"] else ""
    code = f" and code {row['code']}" if row["code"] else ""
    yield f"{told}{status}{code}."
    if row["blame"] and row["blame"] != "nobody":
        yield f"The fault lay with {_BLAME.get(row['blame'], row['blame'])}."
    if row["finish_reason"]:
        yield f"The model stopped because of {row['finish_reason']}."


def _timings(row: Row) -> Iterator[str]:
    parts = [f"{time_of(row['total_seconds'])} in all", f"{time_of(row['overhead_seconds'])} of it the gateway's own"]
    if row["queue_seconds"]:
        parts.append(f"{time_of(row['queue_seconds'])} waiting for a place")
    if row["first_token_seconds"]:
        parts.append(f"{time_of(row['first_token_seconds'])} to the first token")
    yield f"It took {', '.join(parts)}."
    gaps = sum(row["token_gap_counts"])
    if gaps:
        yield f"Between its tokens lay {time_of(row['token_gap_seconds'] / gaps)} on average."


def _tokens(row: Row) -> Iterator[str]:
    if row["usage_source"] != "none":
        cached = f" ({row['cached_tokens']} of them cached)" if row["cached_tokens"] else ""
        yield (f"Tokens, as {row['usage_source']}: {row['prompt_tokens']} of prompt{cached}, "
               f"{row['completion_tokens']} of completion.")
    if row["cost_micros"]:
        yield f"Cost: {row['cost_micros'] / 1e6:.6f}."
    yield f"Bytes: {row['bytes_in']} in, {row['bytes_out']} out."


def time_of(seconds: float) -> str:
    """A length of time for people."""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms" if seconds >= 0.001 else (
        f"{seconds * 1e6:.0f} µs")
