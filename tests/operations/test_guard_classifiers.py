"""The commands about guards judge with the classifiers of the settings, without a process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from operations.cli.program import main
from tests.guardrails.classifiers.checkpoints import sequence_checkpoint, token_checkpoint

POLICY = "prompt: {classifiers: {guard: block, persons: redact}}\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    sequence_checkpoint(folder / "guard", ["safe", "unsafe"], ["", "attack"])
    token_checkpoint(folder / "persons", ["O", "B-PER"], {"maria": "B-PER"})
    small = {"window_tokens": 12, "overlap_tokens": 4}
    models = {name: {"checkpoint": f"./{name}", **small} for name in ("guard", "persons")}
    (folder / "gatewright.yaml").write_text(json.dumps({"routing": "r", "auth": "none", "classifiers": {
        "load": [], "models": models}}))
    (folder / "own.yaml").write_text(POLICY)
    return folder


@pytest.fixture(autouse=True)
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def guard(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["guard", *arguments], catch_exceptions=False)


def test_a_text_is_judged_by_the_operators_own() -> None:
    redacted = json.loads(guard("test", "the weather was fine, Maria", "--policy", "own.yaml", "--json").stdout)
    assert (redacted["text"], redacted["failures"]) == ("the weather was fine, [PER]", [])
    blocked = guard("test", "an attack", "--policy", "own.yaml")
    assert blocked.exit_code == 3
    assert "classifiers.guard" in blocked.stdout
    assert "UNSAFE" in blocked.stdout


def test_rows_are_too(folder: Path) -> None:
    rows = [{"text": "an attack", "label": 1}, {"text": "the weather", "label": 0}]
    (folder / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    told = json.loads(guard("evaluate", "--data", "rows.jsonl", "--policy", "own.yaml", "--json").stdout)
    assert told["report"]["rows"] == 2
    assert told["report"]["failures"] == {}


def test_without_their_settings_they_fail_as_a_requests_would(tmp_path: Path) -> None:
    result = guard("test", "the weather", "--policy", "own.yaml", "--config", str(tmp_path / "none.yaml"), "--json")
    failed = {one["guard"] for one in json.loads(result.stdout)["failures"]}
    assert failed == {"classifiers.guard", "classifiers.persons"}


def test_settings_that_cannot_be_used_are_told_and_left_out(tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("classifiers: 7\n")
    result = guard("test", "the weather", "--policy", "own.yaml", "--config", str(tmp_path / "wrong.yaml"))
    assert "warning: " in result.stderr
    assert "classifiers: expected" in result.stderr
