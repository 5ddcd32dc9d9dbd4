"""The form of a POST to /v1/files: its fields are read, its file goes where it is to lie, a chunk at a time."""

from collections.abc import Callable, Iterable

from python_multipart import multipart

from gateway.form import feed
from gateway.refusal import InvalidRequest

MAX_PARTS = 16
MAX_FIELD_BYTES = 1024
MAX_HEADER_BYTES = 8 * 1024
MAX_NAME = 255


class FileForm:
    """What the form says. ``filename`` is empty where it has no file."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.filename = ""


class _Reader:
    """Follows the parser; the part that is a file is handed on piece by piece."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self.form = FileForm()
        self.ended = False
        self._take = take
        self._header_bytes = 0
        self._name = b""
        self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._field = ""
        self._held: bytearray | None = None  # None while the part is the file
        self._parts = 0

    def callbacks(self) -> dict[str, object]:
        return {"on_part_begin": self._part_begin, "on_header_field": self._header_field,
                "on_header_value": self._header_value, "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished, "on_part_data": self._part_data,
                "on_part_end": self._part_end, "on_end": self._end}

    def _part_begin(self) -> None:
        self._headers = {}
        self._header_bytes = 0
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise InvalidRequest(f"The form has more than {MAX_PARTS} parts.", code="invalid_form")

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += self._measured(data[start:end])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += self._measured(data[start:end])

    def _measured(self, piece: bytes) -> bytes:
        self._header_bytes += len(piece)
        if self._header_bytes > MAX_HEADER_BYTES:
            raise InvalidRequest("A part of the form has too large a head.", code="invalid_form")
        return piece

    def _header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _headers_finished(self) -> None:
        _, options = multipart.parse_options_header(self._headers.get(b"content-disposition"))
        self._field = options.get(b"name", b"").decode("utf-8", "replace")
        if not self._field or self._field in self.form.fields or (self._field == "file" and self.form.filename):
            raise InvalidRequest(f"The field {self._field[:100]!r} has no name, or stands twice.", code="invalid_form")
        if self._field != "file":
            self._held = bytearray()
            return
        if b"filename" not in options:
            raise InvalidRequest("The field 'file' is no file.", code="invalid_form", param="file")
        self._held = None
        self.form.filename = options[b"filename"].decode("utf-8", "replace")[:MAX_NAME] or "upload"

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._held is None:
            self._take(data[start:end])
            return
        self._held += data[start:end]
        if len(self._held) > MAX_FIELD_BYTES:
            raise InvalidRequest(f"The field {self._field[:100]!r} is too long.", code="invalid_form")

    def _part_end(self) -> None:
        if self._held is not None:
            self.form.fields[self._field] = self._held.decode("utf-8", "replace")

    def _end(self) -> None:
        self.ended = True


def read_file_form(content_type: str, chunks: Iterable[bytes], take: Callable[[bytes], None]) -> FileForm:
    """Reads the form in ``chunks``; its file's content goes to ``take``. Raises InvalidRequest."""
    reader = _Reader(take)
    feed(reader, content_type, chunks)
    return reader.form
