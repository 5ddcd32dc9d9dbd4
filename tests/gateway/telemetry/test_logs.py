"""Whatever a line is asked to hold, writing it raises nothing. (What a line looks like: tests/operations/test_logs.)"""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from gateway.telemetry.logs import Log

VALUES = ["\ud800", b"\xff", object(), {1: 2}, float("nan"), 1 << 80, {"a": {1, 2}}, ValueError("x")]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_field_of_any_kind_makes_a_line(value: Any) -> None:
    stream = io.StringIO()
    Log(stream, clock=lambda: 0.0).error("said", what=value)
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["event"] == "said"


def test_a_field_whose_text_breaks_raises_nothing() -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("broken")

    Log(io.StringIO()).error("said", what=Broken())
