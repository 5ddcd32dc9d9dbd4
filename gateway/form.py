"""Multipart forms: the text fields are read, the file is not; one field can be replaced where it stands."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from python_multipart import multipart
from python_multipart.exceptions import FormParserError

from gateway.exchange import Request
from gateway.refusal import InvalidRequest

# Forms name a model, a language, a few options: a text field of a megabyte is none of these.
MAX_FIELD_BYTES = 64 * 1024
MAX_PARTS = 100


class Form:
    """The text fields of a form by name, and where each stands in the body. Files are left where they are."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.spans: dict[str, tuple[int, int]] = {}
        self.file_parts = 0


class _Reader:
    """Follows the parser through the body and keeps the offsets of what it reports."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._header_name = b""
        self._header_value = b""
        self._headers: dict[bytes, bytes] = {}
        self._span: tuple[int, int] | None = None
        self._parts = 0
        self.form = Form()
        self.ended = False

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._part_begin, "on_header_field": self._header_field,
            "on_header_value": self._header_value_part, "on_header_end": self._header_end,
            "on_part_data": self._part_data, "on_part_end": self._part_end, "on_end": self._end,
        }

    def _part_begin(self) -> None:
        self._headers, self._span = {}, None
        self._parts += 1
        if self._parts > MAX_PARTS:  # each costs more to read than to send
            raise InvalidRequest(f"The form has more than {MAX_PARTS} parts.", code="invalid_form")

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _header_value_part(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _header_end(self) -> None:
        name = self._header_name.lower()
        if name in self._headers or b"\n" in self._header_value:
            raise InvalidRequest("A part of the form has a header twice, or a broken one.", code="invalid_form")
        self._headers[name] = self._header_value
        self._header_name = self._header_value = b""

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        self._span = (self._span[0] if self._span else start, end)

    def _part_end(self) -> None:
        _, options = multipart.parse_options_header(self._headers.get(b"content-disposition"))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if not name:
            raise InvalidRequest("A part of the form has no name.", code="invalid_form")
        if b"filename" in options:
            self.form.file_parts += 1
            return
        if name in self.form.fields:
            raise InvalidRequest(f"The field {name[:100]!r} stands twice.", code="duplicate_key", param=name)
        start, end = span = self._span or (0, 0)
        if end - start > MAX_FIELD_BYTES:
            raise InvalidRequest(f"The field {name[:100]!r} is too long.", code="invalid_form", param=name)
        self.form.fields[name] = self._body[start:end].decode("utf-8", "replace")
        if end:  # an empty field stands nowhere
            self.form.spans[name] = span

    def _end(self) -> None:
        self.ended = True


class Reader(Protocol):
    """Who follows the parser. ``ended`` once it has seen the end of the form."""

    ended: bool

    def callbacks(self) -> dict[str, object]: ...


def feed(reader: Reader, content_type: str, chunks: Iterable[bytes]) -> None:
    """Parses a whole form for ``reader``; raises InvalidRequest where there is none, or it has no end."""
    media_type, options = multipart.parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if media_type != b"multipart/form-data" or not boundary:
        raise InvalidRequest("Unsupported Media Type: Only 'multipart/form-data' with a boundary is allowed.",
                             code="unsupported_media_type")
    try:
        parser = multipart.MultipartParser(boundary, reader.callbacks())  # type: ignore[arg-type]
        for chunk in chunks:
            parser.write(chunk)
        parser.finalize()
    except FormParserError as error:
        raise InvalidRequest(f"The form cannot be read: {error}", code="invalid_form") from None
    if not reader.ended:
        raise InvalidRequest("The form does not end.", code="invalid_form")


def read_form(request: Request) -> Form:
    """Returns the form in the request's body; raises InvalidRequest where there is none, or not one way to read it."""
    reader = _Reader(request.body)
    feed(reader, request.header(b"content-type"), [request.body])
    return reader.form


def replace_fields(request: Request, values: Mapping[str, str]) -> bytes:
    """The body with ``values`` in its text fields of those names; every byte of what is as it was stays."""
    form = read_form(request)
    changed = [(form.spans[name], value) for name, value in values.items() if form.fields.get(name, value) != value]
    body = request.body
    for (start, end), value in sorted(changed, reverse=True):
        body = body[:start] + value.encode() + body[end:]
    return body
