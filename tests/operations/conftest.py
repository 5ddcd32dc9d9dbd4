"""What the tests of `operations` stand on, beside a real database: a log that can be read back."""

from typing import Any

import msgspec
import pytest

from gateway.telemetry.logs import Log


class Lines:
    """A log's sink that keeps every line, decoded."""

    def __init__(self) -> None:
        self.all: list[dict[str, Any]] = []

    def write(self, text: str) -> None:
        self.all.extend(msgspec.json.decode(line) for line in text.splitlines())

    def flush(self) -> None:
        pass

    def of(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.all if line["event"] == event]


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def log(lines: Lines) -> Log:
    return Log(lines, "debug")
