"""A fault is told by its kind and the places it came through, never by what was in hand."""

from __future__ import annotations

import io
import json
from typing import Any

from gateway.telemetry.faults import Faults
from gateway.telemetry.logs import Log


def told(error: BaseException) -> dict[str, Any]:
    stream = io.StringIO()
    Faults(Log(stream, clock=lambda: 1.5, worker="w0")).fault("stage_failed", error, request_id="abc")
    (line,) = stream.getvalue().splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def fail(prompt: str) -> None:
    secret = {"prompt": prompt}
    raise KeyError(f"no answer for {secret}")


def caught(prompt: str) -> BaseException:
    try:
        fail(prompt)
    except KeyError as error:
        return error
    raise AssertionError


def test_a_fault_names_its_kind_and_its_places() -> None:
    line = told(caught("my prompt"))
    assert {name: line[name] for name in ("event", "level", "request_id", "error", "worker")} == {
        "event": "stage_failed", "level": "error", "request_id": "abc", "error": "KeyError", "worker": "w0"}
    assert [place.split(" ")[1] for place in line["at_places"]] == ["caught", "fail"]
    assert line["at_places"][1].startswith("test_faults.py:")


def test_a_fault_does_not_tell_what_was_in_hand() -> None:
    assert "my prompt" not in json.dumps(told(caught("my prompt")))


def test_a_fault_that_was_never_raised_has_no_places() -> None:
    assert told(ValueError("x"))["at_places"] == []
