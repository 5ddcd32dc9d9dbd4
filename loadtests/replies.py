"""Checks a reply as a client that trusts nobody: ended as it must, finished for a reason, nothing failed within."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


class Wrong(Exception):
    """What is wrong with the reply, in few words that do not vary: they are counted."""


@dataclass(slots=True)
class StreamTimes:
    """When a stream's tokens came. Seconds; `first` from the request, each of `gaps` from the token before."""

    first: float | None = None
    gaps: list[float] = field(default_factory=list)
    received_bytes: int = 0


def check_headers(status: int, headers: Mapping[str, str], body: Callable[[], bytes], *, bare: bool) -> None:
    """Raises Wrong for a status that is not 200, with the refusal's code, and for a reply without `x-request-id`.

    `bare`: the server is vLLM itself, which sends no such header.
    """
    if status != 200:
        raise Wrong(f"{status} {_code(body())}".strip())
    if not bare and not headers.get("x-request-id"):
        raise Wrong("no x-request-id")


def _code(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return ""


def check_whole(body: bytes) -> None:
    """Raises Wrong for a whole reply that is not JSON, or has a choice without a reason why it ended."""
    reply = _decoded(body)
    if not reply.get("choices"):
        raise Wrong("no choices")
    if not all(choice.get("finish_reason") for choice in reply["choices"]):
        raise Wrong("no finish_reason")


def follow_stream(events: Iterable[bytes], *, sent_at: float, clock: Callable[[], float], times: StreamTimes) -> None:
    """Reads the events of a stream as they come, writes into `times` when, and raises Wrong where the stream is.

    Each event is whole: `data: ...` with its two line ends. `times` is filled as far as the stream came.
    """
    finished = done = False
    last = sent_at
    for event in events:
        now = clock()
        times.received_bytes += len(event)
        data = event.removeprefix(b"data:").strip()
        if done:
            raise Wrong("an event after [DONE]")
        if data == b"[DONE]":
            done = True
            continue
        chunk = _decoded(data)
        if "error" in chunk:
            raise Wrong(f"error in the stream: {chunk['error'].get('code')}")
        finished = finished or any(choice.get("finish_reason") for choice in chunk.get("choices", ()))
        if has_token(chunk):
            _note(times, now, sent_at=sent_at, last=last)
            last = now
    if not done:
        raise Wrong("no [DONE]")
    if not finished:
        raise Wrong("no finish_reason")


def has_token(chunk: Mapping[str, Any]) -> bool:
    """Whether the chunk brings text or a call to a tool; the first, which only names the role, does not."""
    deltas = [choice.get("delta") or {} for choice in chunk.get("choices", ())]
    return any(delta.get("content") or delta.get("tool_calls") for delta in deltas)


def _note(times: StreamTimes, now: float, *, sent_at: float, last: float) -> None:
    if times.first is None:
        times.first = now - sent_at
    else:
        times.gaps.append(now - last)


def _decoded(data: bytes) -> dict[str, Any]:
    try:
        decoded = json.loads(data)
    except ValueError:
        raise Wrong("not JSON") from None
    if not isinstance(decoded, dict):
        raise Wrong("not an object")
    return decoded
