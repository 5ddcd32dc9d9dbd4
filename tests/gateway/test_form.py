"""A form is read as the model server will read it, and changed in one field alone."""

from __future__ import annotations

import email.parser
import email.policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.exchange import Request
from gateway.form import MAX_FIELD_BYTES, MAX_PARTS, read_form, replace_fields
from gateway.refusal import InvalidRequest
from tests.gateway.exchanges import request_of

B = b"----boundary"
AUDIO = bytes(range(256)) * 8


def part(head: bytes, body: bytes, boundary: bytes = B) -> bytes:
    return b"--" + boundary + b"\r\n" + head + b"\r\n\r\n" + body + b"\r\n"


def field(name: bytes, value: bytes) -> bytes:
    return part(b'Content-Disposition: form-data; name="%b"' % name, value)


FILE = part(b'Content-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav', AUDIO)
END = b"--" + B + b"--\r\n"


def request(body: bytes, content_type: str = f"multipart/form-data; boundary={B.decode()}") -> Request:
    return request_of(body, "audio.transcriptions", headers={"content-type": content_type})


def refusal(body: bytes, content_type: str = f"multipart/form-data; boundary={B.decode()}") -> str:
    with pytest.raises(InvalidRequest) as caught:
        read_form(request(body, content_type))
    return caught.value.code


def test_text_fields_are_read_and_the_file_is_left_where_it_is() -> None:
    form = read_form(request(field(b"model", b"m") + FILE + field(b"prompt", "caf\u00e9".encode()) + END))
    assert (form.fields, form.file_parts) == ({"model": "m", "prompt": "caf\u00e9"}, 1)


def test_one_field_is_replaced_and_every_other_byte_stays() -> None:
    body = b"\r\n" + field(b"language", b"en") + FILE + field(b"model", b"assistant") + field(b"x", b"") + END + b"tail"
    assert replace_fields(request(body), {"model": "whisper-1"}) == body.replace(b"assistant", b"whisper-1")


# Values that look like the boundary, in part or nearly.
PIECES = st.sampled_from([b"\r\n", b"\r", b"\n", b"--", b"-", B, b"\r\n--" + B[:-1], b"--" + B[:4], b"x",
                          b"\r\n\r\n", b"\x00", "é".encode()])  # fmt: skip
VALUES = st.lists(PIECES, max_size=8).map(b"".join).filter(lambda value: b"\r\n--" + B not in b"\r\n" + value)


@given(VALUES, VALUES.filter(bool))
def test_a_value_may_look_like_a_boundary_and_is_none(first: bytes, second: bytes) -> None:
    body = field(b"a", first) + FILE + field(b"model", second) + END
    form = read_form(request(body))
    assert form.fields == {"a": first.decode("utf-8", "replace"), "model": second.decode("utf-8", "replace")}
    replaced = replace_fields(request(body), {"model": "new"})
    assert replaced == field(b"a", first) + FILE + field(b"model", b"new") + END


# A reader of mail takes a lone CR or LF for the end of a line.
MAILED = VALUES.filter(lambda value: B not in value)


@given(st.dictionaries(st.text("abcXYZ-_[]", min_size=1, max_size=8), MAILED, min_size=1, max_size=4))
def test_another_reader_finds_the_same_fields(fields: dict[str, bytes]) -> None:
    """The standard library's, which reads mail."""
    body = b"".join(field(name.encode(), value) for name, value in fields.items()) + END
    head = b"Content-Type: multipart/form-data; boundary=" + B + b"\r\n\r\n"
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    names = [part.get_param("name", header="content-disposition") for part in message.iter_parts()]
    assert list(read_form(request(body)).fields) == names


@pytest.mark.parametrize("content_type", [
    "", "application/json", "multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary=x",
    "application/x-www-form-urlencoded", "text/plain; boundary=x",
])  # fmt: skip
def test_what_is_no_form_is_refused(content_type: str) -> None:
    assert refusal(field(b"model", b"m") + END, content_type) == "unsupported_media_type"


@pytest.mark.parametrize("body", [
    b"", b"x", END[:-5], field(b"model", b"m"), field(b"model", b"m") + END[:-4], b"--" + B, b"--other\r\n" + END,
    part(b"", b"m") + END, part(b"Content-Type: text/plain", b"m") + END,
    part(b"Content-Disposition: form-data", b"m") + END, part(b'Content-Disposition: form-data; name=""', b"m") + END,
    part(b"Content Disposition: form-data; name=model", b"m") + END, part(b": x", b"m") + END,
    part(b'Content-Disposition: form-data; name="model"\nX: y', b"m") + END,
])  # fmt: skip
def test_a_form_that_cannot_be_read_to_its_end_is_refused(body: bytes) -> None:
    assert refusal(body) == "invalid_form"


def test_a_boundary_that_no_reader_takes_is_refused() -> None:
    long = "b" * 5000
    assert refusal(b"--" + long.encode() + b"--\r\n", f"multipart/form-data; boundary={long}") == "invalid_form"


def test_a_field_that_stands_twice_is_refused() -> None:
    """Which one counts? Readers disagree."""
    assert refusal(field(b"model", b"a") + field(b"model", b"b") + END) == "duplicate_key"


def test_a_part_with_two_dispositions_is_refused() -> None:
    twice = b'Content-Disposition: form-data; name="a"\r\nContent-Disposition: form-data; name="model"'
    assert refusal(part(twice, b"m") + END) == "invalid_form"


def test_files_may_be_several_and_a_file_is_no_field() -> None:
    """A model that came as a file would be one thing to us and another upstream."""
    form = read_form(request(FILE + part(b'Content-Disposition: form-data; name="model"; filename=""', b"m") + END))
    assert (form.fields, form.file_parts) == ({}, 2)


def test_a_text_field_as_long_as_a_file_is_refused() -> None:
    assert read_form(request(field(b"prompt", b"x" * MAX_FIELD_BYTES) + END)).fields["prompt"]
    assert refusal(field(b"prompt", b"x" * (MAX_FIELD_BYTES + 1)) + END) == "invalid_form"


def test_more_parts_than_any_form_has_are_refused() -> None:
    """Each costs more to read than to send."""
    fields = [field(b"f%d" % i, b"") for i in range(MAX_PARTS + 1)]
    assert len(read_form(request(b"".join(fields[:-1]) + END)).fields) == MAX_PARTS
    assert refusal(b"".join(fields) + END) == "invalid_form"


PARTS = st.sampled_from([field(b"model", b"m"), FILE, END, b"--" + B + b"\r\n"])


@given(st.binary(max_size=200) | st.lists(PIECES | PARTS, max_size=10).map(b"".join))
def test_no_body_does_worse_than_to_be_refused(body: bytes) -> None:
    try:
        form = read_form(request(body))
    except InvalidRequest:
        return
    for name, (start, end) in form.spans.items():
        assert body[start:end].decode("utf-8", "replace") == form.fields[name]
