"""``gatewright guard models``: what is known of a model, and whether its files are still those that were made."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from operations.cli.program import main


def models(*words: str) -> Result:
    return CliRunner().invoke(main, ["guard", "models", *words], catch_exceptions=False)


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """Models that are intact, changed, half there and undescribed."""
    def model(name: str, described: object, **files: str) -> None:
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.json").write_text(
            described if isinstance(described, str) else json.dumps(described))
        for file, text in files.items():
            (tmp_path / name / file).write_text(text)

    digest = hashlib.sha256(b"weights").hexdigest()
    model("good", {"file": "weights", "sha256": digest, "seed": 7, "licence": "Apache-2.0", "data_sha256": "d1",
                   "figures": [{"name": "moderation AUROC", "value": 0.91, "of": 400, "low": 0.88, "high": 0.93},
                               {"name": "recall", "value": 0.5}], "scores": "for whoever loads it"},
          weights="weights", words="of the tokenizer")
    (tmp_path / "good" / "CARD.md").write_text("# good\nIt cannot read minds.\n")
    model("changed", {"file": "weights", "sha256": digest}, weights="other weights")
    model("gone", {"file": "weights", "sha256": digest})
    model("untold", {}, weights="weights")
    model("broken", "{")
    (tmp_path / "no-model").mkdir()
    return str(tmp_path)


def test_models_are_listed_with_the_state_of_their_files(folder: str) -> None:
    lines = {line.split()[0]: line for line in models("list", "--folder", folder).stdout.splitlines()}
    assert list(lines) == ["MODEL", "broken", "changed", "gone", "good", "untold"]
    assert " ".join(lines["good"].split()) == "good 23 Apache-2.0 7 weights verified, words no digest told"
    assert "weights CHANGED" in lines["changed"]
    assert "weights MISSING" in lines["gone"]
    assert "weights no digest told" in lines["untold"]
    assert "broken.json: " in lines["broken"]
    found = json.loads(models("list", "--folder", folder, "--json").stdout)["models"]
    assert {one["name"]: one["files"][0]["digest"] for one in found if one["files"]} == {
        "changed": "changed", "gone": "missing", "good": "verified", "untold": "untold"}


def test_a_model_is_shown_with_its_figures_and_its_card(folder: str) -> None:
    result = models("show", "good", "--folder", folder)
    assert result.exit_code == 0
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["moderation", "AUROC", "0.91", "400", "0.88", "to", "0.93"] in lines
    assert ["recall", "0.5", "-", "-"] in lines
    assert "It cannot read minds." in result.stdout
    assert "Apache-2.0" in result.stdout
    shown = json.loads(models("show", "good", "--folder", folder, "--json").stdout)
    assert (shown["intact"], shown["model"]["data_sha256"], shown["model"]["seed"]) == (True, "d1", 7)


@pytest.mark.parametrize(("name", "status"), [("untold", 0), ("changed", 1), ("gone", 1), ("broken", 1)])
def test_a_model_whose_files_are_not_those_that_were_made_is_a_failure(folder: str, name: str, status: int) -> None:
    result = models("show", name, "--folder", folder)
    assert result.exit_code == status
    assert "It has no card." in result.stdout


def test_a_folder_without_models_says_so(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "missing"):
        assert models("list", "--folder", str(place)).stdout.startswith(f"There are no models in {place}")
    result = models("show", "fast", "--folder", str(tmp_path))
    assert result.exit_code == 1
    assert "There is no model 'fast'" in result.stderr


def test_those_that_come_with_the_package_are_the_ones_that_are_listed() -> None:
    assert models("list").exit_code == 0
