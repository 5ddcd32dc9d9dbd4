"""Server-sent events, without I/O: bytes in, whole events out, each as the bytes it came in."""

import re

# A carriage return alone ends a line too, by the letter of the standard; no model server writes one, and taking it for
# an end would tear a CRLF that arrives in two reads.
_BOUNDARY = re.compile(rb"\r?\n\r?\n")
_LINE_END = re.compile(rb"\r?\n")


class EventTooLarge(Exception):
    """An event grew past the limit without ending."""


class EventSplitter:
    """Cuts a stream into events at blank lines, however the bytes were cut on their way. Linear in what it is fed."""

    __slots__ = ("_limit", "_rest")

    def __init__(self, limit_bytes: int = 8 << 20) -> None:
        self._rest = bytearray()
        self._limit = limit_bytes

    def feed(self, data: bytes) -> list[bytes]:
        """Returns the events that ``data`` completes, blank line included; raises EventTooLarge."""
        # Most reads bring exactly one event, and its bytes need no copy.
        if not self._rest and data.endswith(b"\n\n") and data.find(b"\n\n") == len(data) - 2 and b"\r" not in data:
            return [data]
        # What was there before has been searched already, but for a blank line that had only begun.
        searched = max(0, len(self._rest) - 3)
        self._rest += data
        events, start = [], 0
        for match in _BOUNDARY.finditer(self._rest, searched):
            events.append(bytes(self._rest[start : match.end()]))
            start = match.end()
        if start:
            del self._rest[:start]
        if len(self._rest) > self._limit:
            raise EventTooLarge(f"an event of more than {self._limit} bytes")
        return events

    def rest(self) -> bytes:
        """What came after the last whole event."""
        return bytes(self._rest)


def payload_of(event: bytes) -> bytes | None:
    """The event's data lines, joined; None for an event without data (a comment)."""
    lines = [line[5:] for line in _LINE_END.split(event) if line.startswith(b"data:")]
    if not lines:
        return None
    return b"\n".join(line[1:] if line.startswith(b" ") else line for line in lines)


def with_payload(event: bytes, payload: bytes) -> bytes:
    """The event with other data; its other fields stay."""
    others = [line for line in _LINE_END.split(event) if line and not line.startswith(b"data:")]
    return b"".join(line + b"\n" for line in others) + b"data: " + payload + b"\n\n"
