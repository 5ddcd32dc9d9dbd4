"""Output and errors: each line once, in the order of the input, whatever came first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.batches.line import Checker
from gateway.batches.outputs import UNANSWERED, line_of, write_outputs
from gateway.batches.results import Result, Results
from gateway.batches.scanning import scan
from gateway.record import ExchangeRecord
from tests.gateway.batches.places import SECRET, Shelf, reader_of

URL = "/v1/embeddings"
PLANNED = ("file-" + "0" * 27 + "1", "file-" + "0" * 27 + "2")


def result(line: int, status: int, body: bytes) -> Result:
    return Result(line, f"q{line}", status, f"id{line}", body, ExchangeRecord(id=f"id{line}", started_at=1.0))


def written(folder: Path, why: str, *results: Result) -> tuple[list[dict[str, Any]] | None, ...]:
    shelf = Shelf(folder / "shelf")
    lines = [{"custom_id": f"q{number}", "method": "POST", "url": URL, "body": {"model": "m"}} for number in range(4)]
    reader = reader_of(folder / "input", b"\n".join(json.dumps(line).encode() for line in lines))
    found = scan(reader, Checker(URL, {"m"}, 1000), 10)
    journal = Results(folder / "results", SECRET, "batch_1", len(found))
    for one in results:
        journal.append(one)
    ids = write_outputs(shelf.files, "shop", "batch_1", PLANNED, found, reader, journal, why, shelf.wall.now + 100,
                        lambda result, line: False)
    journal.close()
    reader.close()
    return tuple(_lines(shelf, file_id) for file_id in ids)


def _lines(shelf: Shelf, file_id: str | None) -> list[dict[str, Any]] | None:
    if file_id is None:
        return None
    reader = shelf.files.open("shop", file_id)
    assert reader is not None
    lines = [json.loads(line) for line in b"".join(reader.chunks()).splitlines()]
    reader.close()
    return lines


def test_answers_and_errors_are_apart_and_in_order(tmp_path: Path) -> None:
    output, errors = written(tmp_path, "", result(3, 200, b'{"n":3}'), result(1, 404, b'{"error":{}}'),
                             result(0, 200, b'{"n":0}'), result(2, 200, b'{"n":2}'))
    assert output is not None
    assert errors is not None
    assert [line["custom_id"] for line in output] == ["q0", "q2", "q3"]
    assert output[0] == {"id": "batch_req_id0", "custom_id": "q0", "error": None,
                         "response": {"status_code": 200, "request_id": "id0", "body": {"n": 0}}}
    assert [(line["custom_id"], line["response"]["status_code"]) for line in errors] == [("q1", 404)]


def test_a_file_that_would_be_empty_is_not_made(tmp_path: Path) -> None:
    assert written(tmp_path, "", *(result(line, 200, b"{}") for line in range(4)))[1] is None


@pytest.mark.parametrize("why", UNANSWERED)
def test_what_was_not_answered_says_why(tmp_path: Path, why: str) -> None:
    output, errors = written(tmp_path, why, result(2, 200, b"{}"))
    assert output is not None
    assert errors is not None
    assert [line["custom_id"] for line in output] == ["q2"]
    assert [line["custom_id"] for line in errors] == ["q0", "q1", "q3"]
    assert {(line["response"], line["error"]["code"], line["error"]["message"]) for line in errors} == {
        (None, *UNANSWERED[why])}
    assert len({line["id"] for line in errors}) == 3


def test_a_body_stays_as_it_came_unless_it_would_be_two_lines() -> None:
    assert b'"body":{ "n" : 1e3 }' in line_of(result(0, 200, b'{ "n" : 1e3 }'))
    told = line_of(result(0, 200, b'{\n "n": 1\n}'))
    assert told.count(b"\n") == 1
    assert json.loads(told)["response"]["body"] == {"n": 1}
    assert json.loads(line_of(result(0, 502, b"no json")))["response"]["body"] == "no json"
