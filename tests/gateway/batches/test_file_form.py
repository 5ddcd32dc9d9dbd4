"""A form with a file is read a chunk at a time: wherever it is cut, the file comes out whole."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.batches.file_form import FileForm, read_file_form
from gateway.refusal import InvalidRequest

TYPE = 'multipart/form-data; boundary="xyz"'


def part(head: str, content: bytes = b"") -> bytes:
    return b"--xyz\r\n" + f"content-disposition: form-data; {head}\r\n\r\n".encode() + content + b"\r\n"


def read(body: bytes, sizes: tuple[int, ...] = (1 << 20,), content_type: str = TYPE) -> tuple[FileForm, bytes]:
    taken: list[bytes] = []
    chunks, at = [], 0
    while at < len(body):
        size = sizes[len(chunks) % len(sizes)]
        chunks.append(body[at : at + size])
        at += size
    form = read_file_form(content_type, chunks, taken.append)
    return form, b"".join(taken)


FILE = part('name="file"; filename="in.jsonl"\r\ncontent-type: application/jsonl', b'{"a":1}\r\n--xy\r\n')
WHOLE = part('name="purpose"', b"batch") + FILE + part('name="expires_after[seconds]"', b"3600") + b"--xyz--\r\n"


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6))
def test_where_it_is_cut_makes_no_difference(sizes: list[int]) -> None:
    form, content = read(WHOLE, tuple(sizes))
    assert content == b'{"a":1}\r\n--xy\r\n', "what only begins like a boundary is content"
    assert form.filename == "in.jsonl"
    assert form.fields == {"purpose": "batch", "expires_after[seconds]": "3600"}


def test_a_large_file_comes_out_whole() -> None:
    content = os.urandom(300_000)
    _, taken = read(part('name="file"; filename="x"', content) + b"--xyz--\r\n", (65_536,))
    assert taken == content


@pytest.mark.parametrize("body", [
    b"", FILE, WHOLE[:-8], b"no form at all", part('filename="x"', b"a") + b"--xyz--\r\n",
    part('name="file"', b"no file") + b"--xyz--\r\n", FILE + FILE + b"--xyz--\r\n",
    part('name="purpose"') + part('name="purpose"') + b"--xyz--\r\n",
    part('name="purpose"', b"x" * 2000) + b"--xyz--\r\n", part(f'name="{"x" * 9000}"') + b"--xyz--\r\n",
    b"".join(part(f'name="f{number}"') for number in range(20)) + b"--xyz--\r\n",
])  # fmt: skip
def test_what_is_not_one_clear_form_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read(body)
    assert refused.value.code == "invalid_form"


@pytest.mark.parametrize("content_type", ["", "application/json", "multipart/form-data"])
def test_what_is_no_form_is_refused(content_type: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read(WHOLE, content_type=content_type)
    assert refused.value.code == "unsupported_media_type"
