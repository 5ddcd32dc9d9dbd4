"""A version's digest changes with whatever could change an answer, and with nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from models.version import Version

FIRST = Version("v1", "smollm2", ("http://a:1",), {"temperature": 0.2, "top_p": 0.9, "stop": ["a", "b"]}, "sk-up")


def changed(**fields: Any) -> Version:
    given = {"name": "v1", "served_model": "smollm2", "endpoints": ("http://a:1",), "defaults": dict(FIRST.defaults),
             "api_key": "sk-up"} | fields  # fmt: skip
    return Version(**given)


def test_two_versions_that_say_the_same_have_the_same_digest() -> None:
    assert changed().digest == FIRST.digest
    assert len(FIRST.digest) == 64


@pytest.mark.parametrize("fields", [
    {"name": "v2"}, {"endpoints": ("http://b:1", "http://b:2")}, {"endpoints": ()}, {"api_key": ""},
    {"defaults": {"top_p": 0.9, "stop": ["a", "b"], "temperature": 0.2}},
])  # fmt: skip
def test_where_it_runs_and_what_it_is_called_does_not_change_its_answers(fields: dict[str, Any]) -> None:
    assert changed(**fields).digest == FIRST.digest


@pytest.mark.parametrize("fields", [
    {"served_model": "smollm2-360m"}, {"defaults": {}}, {"defaults": {**FIRST.defaults, "temperature": 0.3}},
    {"defaults": {**FIRST.defaults, "stop": ["b", "a"]}}, {"defaults": {**FIRST.defaults, "seed": None}},
    {"defaults": {**FIRST.defaults, "top_p": "0.9"}},
])  # fmt: skip
def test_what_could_change_an_answer_changes_the_digest(fields: dict[str, Any]) -> None:
    assert changed(**fields).digest != FIRST.digest


def test_a_model_and_its_defaults_do_not_run_together() -> None:
    assert changed(served_model='a","defaults":{}', defaults={}).digest != changed(served_model="a", defaults={}).digest


def test_every_process_makes_the_same_digest() -> None:
    """It stands in the ledger: rows of all workers and hosts are compared by it."""
    script = "from models.version import Version; print(Version('v', 's', (), {'b': {'y': 1, 'x': 2}, 'a': 1}).digest)"
    said = {subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONHASHSEED": seed}, check=True,
                           capture_output=True, text=True, timeout=60).stdout for seed in ("0", "1", "2")}  # fmt: skip
    assert said == {Version("other", "s", ("http://x",), {"a": 1, "b": {"x": 2, "y": 1}}).digest + "\n"}
