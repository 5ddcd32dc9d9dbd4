"""A line of a batch's input: one request, and what has to be right about it before any is made."""

from collections.abc import Container, Iterator
from typing import Any

import msgspec

from gateway.batches.batch import LineError
from models.protocol.operations import OPERATIONS, Operation

MAX_CUSTOM_ID = 512
# What a line may ask: every operation whose request is one JSON document, under OpenAI's prefix.
ENDPOINTS: dict[str, Operation] = {operation.path: operation for operation in OPERATIONS
                                   if operation.path.startswith("/v1/") and not operation.multipart}


class Line(msgspec.Struct, frozen=True):
    """``body`` is left as it was written: the stages read it, once and strictly."""

    custom_id: Any = None
    method: Any = None
    url: Any = None
    body: msgspec.Raw = msgspec.Raw(b"")


class _Body(msgspec.Struct, frozen=True):
    model: Any = None
    stream: Any = None


_line = msgspec.json.Decoder(Line).decode
_body = msgspec.json.Decoder(_Body).decode


def read_line(written: bytes) -> Line:
    """Raises msgspec.DecodeError, UnicodeDecodeError; of a line that was found good, neither."""
    return _line(written)


class Checked(msgspec.Struct, frozen=True):
    """What is known of a good line."""

    custom_id: str
    model: str


class Checker:
    """Checks the lines of one input, in order. ``models`` are the names that can be asked for."""

    def __init__(self, endpoint: str, models: Container[str], most_bytes: int) -> None:
        self._endpoint = endpoint
        self._models = models
        self.most_bytes = most_bytes
        self._seen: set[str] = set()

    def check(self, written: bytes, number: int) -> Checked | LineError:
        """The first thing that is wrong with a line, or what is known of it. ``number`` counts from 1."""
        if len(written) > self.most_bytes:
            return LineError("line_too_large", f"The line is larger than {self.most_bytes} bytes.", number)
        try:
            line = _line(written)
            body = _body(line.body) if line.body else None
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return LineError("invalid_json_line", "The line is not one JSON object with a body that is one.", number)
        for error in self._faults(line, body):
            return msgspec.structs.replace(error, line=number)
        assert isinstance(line.custom_id, str)
        assert body is not None
        self._seen.add(line.custom_id)
        return Checked(line.custom_id, str(body.model))

    def _faults(self, line: Line, body: _Body | None) -> Iterator[LineError]:
        name = line.custom_id
        if not isinstance(name, str) or not 1 <= len(name) <= MAX_CUSTOM_ID:
            yield LineError("invalid_custom_id", f"custom_id must be text of 1 to {MAX_CUSTOM_ID} characters.",
                            param="custom_id")
        elif name in self._seen:
            yield LineError("duplicate_custom_id", f"The custom_id {name[:100]!r} stands on an earlier line.",
                            param="custom_id")
        if line.method != "POST":
            yield LineError("invalid_method", "method must be POST.", param="method")
        if line.url != self._endpoint:
            yield LineError("mismatched_url", f"url must be the batch's endpoint, {self._endpoint}.", param="url")
        if body is None:
            yield LineError("missing_body", "The line has no body.", param="body")
            return
        if not isinstance(body.model, str) or body.model not in self._models:
            yield LineError("model_not_found", f"The model {str(body.model)[:200]!r} does not exist.",
                            param="body.model")
        if body.stream not in (None, False):
            yield LineError("stream_not_allowed", "A batch's lines are answered whole: stream must not be true.",
                            param="body.stream")
