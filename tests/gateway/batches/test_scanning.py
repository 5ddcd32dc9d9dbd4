"""An input is read a chunk at a time: where lines are cut makes no difference."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.batches.line import Checker
from gateway.batches.scanning import MOST_ERRORS, Input, lines_of, scan
from gateway.batches.sealing import CHUNK_BYTES, SealedReader
from tests.gateway.batches.places import reader_of

URL = "/v1/completions"


def line(custom_id: str, model: str = "m", pad: int = 0) -> bytes:
    body = {"model": model, "prompt": "x" * pad}
    return json.dumps({"custom_id": custom_id, "method": "POST", "url": URL, "body": body}).encode()


def scanned(reader: SealedReader, most_lines: int = 1000, most_bytes: int = 1 << 20) -> Input:
    return scan(reader, Checker(URL, {"m", "n"}, most_bytes), most_lines)


def test_each_line_is_known_by_its_place_and_model(tmp_path: Path) -> None:
    written = [line("a", pad=CHUNK_BYTES), line("b", "n"), line("c", pad=3 * CHUNK_BYTES), line("d")]
    reader = reader_of(tmp_path / "f", b"\n".join(written[:2]) + b"\r\n\n   \n" + b"\n".join(written[2:]))
    found = scanned(reader)
    assert len(found) == 4
    assert [reader.read(*place).strip() for place in zip(found.starts, found.lengths, strict=True)] == written
    assert [found.models[model] for model in found.model_of] == ["m", "n", "m", "m"]
    assert found.errors == []
    reader.close()


@given(st.lists(st.binary(max_size=30).map(lambda one: one.replace(b"\n", b"")), max_size=12), st.booleans())
def test_lines_are_what_split_would_say(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], ended: bool
) -> None:
    content = b"\n".join(lines) + (b"\n" if ended else b"")
    reader = reader_of(tmp_path_factory.mktemp("f") / "f", content)
    found = list(lines_of(reader, 100))
    reader.close()
    assert [(number, line) for number, _, line in found] == [
        (number, line) for number, line in enumerate(content.split(b"\n"), 1) if line.strip()]
    assert all(content[start : start + len(line)] == line for _, start, line in found)


def test_of_a_line_without_end_only_a_beginning_is_held(tmp_path: Path) -> None:
    reader = reader_of(tmp_path / "f", b"x" * (20 * CHUNK_BYTES) + b"\n" + line("a"))
    lengths = [len(one) for _, _, one in lines_of(reader, 1000)]
    assert lengths[0] <= CHUNK_BYTES
    found = scanned(reader, most_bytes=1000)
    assert [(error.code, error.line) for error in found.errors] == [("line_too_large", 1)]
    assert len(found) == 1
    reader.close()


def test_errors_are_told_up_to_a_bound_and_the_rest_counted(tmp_path: Path) -> None:
    reader = reader_of(tmp_path / "f", b"{\n" * (MOST_ERRORS + 5))
    found = scanned(reader)
    assert (len(found.errors), found.errors_untold) == (MOST_ERRORS, 5)
    reader.close()


def test_a_file_with_too_many_lines_or_none_is_told_as_that(tmp_path: Path) -> None:
    many = reader_of(tmp_path / "many", b"\n".join(line(str(number)) for number in range(11)))
    assert [(error.code, error.line) for error in scanned(many, most_lines=10).errors] == [("too_many_lines", 11)]
    assert scanned(many, most_lines=11).errors == []
    many.close()
    none = reader_of(tmp_path / "none", b"\n  \n")
    assert [(error.code, error.line) for error in scanned(none).errors] == [("empty_file", None)]
    none.close()
