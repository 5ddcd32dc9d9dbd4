"""A line is checked before any is asked, and what is wrong with it is told by a word."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.batches.batch import LineError
from gateway.batches.line import ENDPOINTS, Checked, Checker, read_line

URL = "/v1/chat/completions"


def line(**changed: Any) -> bytes:
    return json.dumps({"custom_id": "a", "method": "POST", "url": URL, "body": {"model": "m"}} | changed).encode()


def checker() -> Checker:
    return Checker(URL, {"m", "other"}, 2000)


def test_a_good_line_tells_its_id_and_model_and_keeps_its_body_as_it_was_written() -> None:
    written = b'{"custom_id":"a", "method":"POST", "url":"/v1/chat/completions", "body": { "model" : "m","n":1e3 } }'
    assert checker().check(written, 1) == Checked("a", "m")
    assert bytes(read_line(written).body) == b'{ "model" : "m","n":1e3 }'


@pytest.mark.parametrize(("written", "code", "param"), [
    (b"", "invalid_json_line", None), (b"[]", "invalid_json_line", None), (b'{"a":', "invalid_json_line", None),
    (b"\xff\xfe", "invalid_json_line", None), (line(body="text"), "invalid_json_line", None),
    (line(body=[1]), "invalid_json_line", None), (b"[" * 100_000, "line_too_large", None),
    (line(pad="x" * 2000), "line_too_large", None),
    (line(custom_id=None), "invalid_custom_id", "custom_id"), (line(custom_id=7), "invalid_custom_id", "custom_id"),
    (line(custom_id=""), "invalid_custom_id", "custom_id"),
    (line(custom_id="x" * 513), "invalid_custom_id", "custom_id"),
    (line(method="GET"), "invalid_method", "method"), (line(method=None), "invalid_method", "method"),
    (line(url="/v1/embeddings"), "mismatched_url", "url"), (line(url=["x"]), "mismatched_url", "url"),
    (line(body={"model": "nobody"}), "model_not_found", "body.model"), (line(body={}), "model_not_found", "body.model"),
    (line(body={"model": ["m"]}), "model_not_found", "body.model"),
    (line(body={"model": "m", "stream": True}), "stream_not_allowed", "body.stream"),
    (line(body={"model": "m", "stream": "yes"}), "stream_not_allowed", "body.stream"),
    (json.dumps({"custom_id": "a", "method": "POST", "url": URL}).encode(), "missing_body", "body"),
])  # fmt: skip
def test_what_is_wrong_is_told_with_its_line_and_place(written: bytes, code: str, param: str | None) -> None:
    found = checker().check(written, 17)
    assert isinstance(found, LineError)
    assert (found.code, found.line, found.param) == (code, 17, param)
    assert found.message.endswith(".")


def test_an_id_may_stand_once_and_one_of_a_bad_line_is_free_again() -> None:
    one = checker()
    assert isinstance(one.check(line(method="GET"), 1), LineError)
    assert isinstance(one.check(line(), 2), Checked)
    again = one.check(line(body={"model": "other"}), 3)
    assert isinstance(again, LineError)
    assert again.code == "duplicate_custom_id"


def test_lines_may_ask_what_has_one_json_document_under_v1() -> None:
    assert set(ENDPOINTS) == {"/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses",
                              "/v1/messages", "/v1/rerank", "/v1/score"}  # fmt: skip
