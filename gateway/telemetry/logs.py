"""The structured log: one JSON object a line, and nothing in it but what the caller named."""

import logging
import time
import traceback
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class TextSink(Protocol):
    """Where lines go: a text stream such as ``sys.stderr``."""

    def write(self, text: str, /) -> object: ...
    def flush(self) -> object: ...


class Log:
    """Writes events of ``level`` and above, each with the fields that this log is bound to.

    A field is a name, a number or a short text: never content, never a credential. A line is one ``write``, so that
    several processes can share a stream. Nothing here raises: a log that cannot be written stops no service.
    """

    def __init__(
        self, stream: TextSink, level: str = "info", clock: Callable[[], float] = time.time, **bound: Any
    ) -> None:
        self._stream = stream
        self._level = level
        self._threshold = LEVELS[level]
        self._clock = clock
        self._bound = bound

    def bind(self, **more: Any) -> "Log":
        """The same log with more fields on each line."""
        return Log(self._stream, self._level, self._clock, **{**self._bound, **more})

    def debug(self, event: str, **fields: Any) -> None:
        self._write("debug", event, fields)

    def info(self, event: str, **fields: Any) -> None:
        self._write("info", event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        self._write("warning", event, fields)

    def error(self, event: str, **fields: Any) -> None:
        self._write("error", event, fields)

    def _write(self, level: str, event: str, fields: dict[str, Any]) -> None:
        if LEVELS[level] < self._threshold:
            return
        line = self._line({"at": round(self._clock(), 6), "level": level, "event": event}, fields)
        try:
            self._stream.write(line.decode() + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            return

    def _line(self, head: dict[str, Any], fields: dict[str, Any]) -> bytes:
        try:
            return msgspec.json.encode({**head, **self._bound, **fields}, enc_hook=str)
        except Exception:  # a lone surrogate, a text that breaks: the event is told, its fields are not
            return msgspec.json.encode({**head, "unwritable": sorted(fields)})


def places_of(error: BaseException) -> list[str]:
    """Where an exception came through, outermost first: file, line and function, never a value."""
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)]


class StandardLogs(logging.Handler):
    """Brings what libraries say through ``logging`` into the structured log, of an exception its type and places."""

    def __init__(self, log: Log) -> None:
        super().__init__(level=logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        write = self._log.error if record.levelno >= logging.ERROR else self._log.warning
        error = record.exc_info[1] if record.exc_info else None
        told = {"error": type(error).__name__, "at_places": places_of(error)} if error else {}
        write("library", logger=record.name, message=record.getMessage(), **told)
