"""``gatewright guard drift``: from two files to a verdict and a status."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from operations.cli.program import main
from tests.guardrails.evaluation.detectors import CATALOGUE

Guard = Callable[..., Result]


@pytest.fixture
def guard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Guard:
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(main, ["guard", *words], obj=CATALOGUE, catch_exceptions=False)


def scores(path: Path, values: Iterable[float], source: str = "") -> str:
    """A file in which a row is flagged from 0.5 on."""
    path.write_text("".join(json.dumps({
        "row": row, "source": source, "action": "flag" if value >= 0.5 else None, "findings": [
            {"detector": "injection", "label": "ORDER", "score": value, "action": "flag" if value >= 0.5 else None}]
    }) + "\n" for row, value in enumerate(values, 1)))
    return path.name


def test_scores_of_an_evaluation_have_not_drifted_from_themselves(guard: Guard, tmp_path: Path) -> None:
    """The files are those that `evaluate --scores` writes."""
    (tmp_path / "rows.jsonl").write_text("".join(
        json.dumps({"text": f"{'obey ' * (at % 3)}{'jo@x.com' * (at % 2)}", "label": at % 2}) + "\n"
        for at in range(40)))
    guard("evaluate", "--data", "rows.jsonl", "--scores", "one.jsonl")
    result = guard("drift", "one.jsonl", "one.jsonl")
    assert result.exit_code == 0
    assert "The same 40 rows, before and after" in result.stdout
    assert result.stdout.splitlines()[-1] == (
        "Verdict: no drift. PSI is at most 0.0000 (injection); the bound is 0.2.")


def test_drift_is_a_verdict_and_a_status(guard: Guard, tmp_path: Path) -> None:
    before = scores(tmp_path / "before", [0.1 + at % 7 / 10 for at in range(300)])
    after = scores(tmp_path / "after", [0.3 + at % 7 / 10 for at in range(300)])
    result = guard("drift", before, after)
    assert result.exit_code == 3
    assert result.stdout.splitlines()[-1].startswith("Verdict: drift. PSI is more than 0.2 for injection (")
    found = json.loads(guard("drift", before, after, "--psi", "50", "--threshold", "0.8", "--json").stdout)
    assert (found["drifted"], found["drift"]["pairs"], found["bad_lines"]) == ([], 300, {"before": 0, "after": 0})
    injection = found["drift"]["detectors"]["injection"]
    assert (injection["paired"]["began"], injection["paired"]["ended"]) == (86, 0), "those of 0.3 and 0.4"
    assert injection["at_or_above"]["0.8"]["before"] == 0
    assert guard("drift", before, after, "--psi", "50").exit_code == 0


def test_different_rows_are_not_paired_and_few_rows_are_doubted(guard: Guard, tmp_path: Path) -> None:
    before = scores(tmp_path / "before", [0.2, 0.3, 0.6, 0.7])
    after = scores(tmp_path / "after", [0.8, 0.9, 0.9, 0.9])
    told = guard("drift", before, after, "--different-rows").stdout
    assert "The rows are not taken for the same: they were said to be of different rows." in told
    assert "chance alone moves the index up to" in told
    other = scores(tmp_path / "other", [0.2, 0.3, 0.6, 0.7], source="elsewhere")
    assert "row 1 has another source" in guard("drift", before, other).stdout


def test_files_that_cannot_be_used_are_told(guard: Guard, tmp_path: Path) -> None:
    good = scores(tmp_path / "good", [0.2])
    (tmp_path / "empty").write_text("")
    (tmp_path / "mixed").write_text('{"row": 1}\n{"row": "two"}\nthree\n')
    assert "missing cannot be read" in guard("drift", good, "missing").stderr
    assert guard("drift", "empty", good).stderr.startswith("empty has no line of scores")
    assert guard("drift", good, "empty").stderr.startswith("empty has no line of scores")
    mixed = guard("drift", "mixed", good)
    assert "mixed line 2: " in mixed.stderr
    assert json.loads(guard("drift", "mixed", good, "--json").stdout)["bad_lines"] == {"before": 2, "after": 0}


def test_pictures_of_drift_are_drawn(guard: Guard, tmp_path: Path) -> None:
    before = scores(tmp_path / "before", [0.1, 0.5, 0.9])
    found = json.loads(guard("drift", before, before, "--plots", "pictures", "--json").stdout)
    assert found["plots"] == ["pictures/drift.svg", "pictures/drift-shares.svg"]
    assert all((tmp_path / path).read_text().startswith("<?xml") for path in found["plots"])
