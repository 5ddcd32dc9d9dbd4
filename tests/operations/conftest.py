"""What the tests of `operations` stand on: a real SQLite file, and a log that can be read back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.telemetry.logs import Log
from operations.store.database import Database


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


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path}/gatewright.db")
    yield opened
    opened.close()
