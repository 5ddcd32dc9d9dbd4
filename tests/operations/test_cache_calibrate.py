"""`gatewright cache calibrate`, with the real sentence model."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from operations.cli import main
from tests.fakes.upstream import FakeVLLM

SAME = [("How do I reset my password?", "What is the way to reset my password?"),
        ("When does the shop open?", "Can you tell me when the shop opens?"),
        ("How can I pay by card?", "How do I pay by card?"), ("What is the fee?", "What's the fee?")]
UNLIKE = [("flights to Paris on 3 May", "flights to Paris on 5 May"), ("How do I log in?", "How do I log out?"),
          ("Which museum is open on Monday?", "How do I bake bread?"), ("Is it safe?", "Is it not safe?")]


def written(path: Path, same: int = 4) -> Path:
    rows = [{"a": a, "b": b, "same": True} for a, b in SAME * same] + [
        {"a": a, "b": b, "same": False, "kind": "anything"} for a, b in UNLIKE]
    rows.append({"a": "パスワード", "b": "x", "same": False})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def ran(folder: Path, *words: object) -> Result:
    nowhere = ("--config", folder / "none.yaml")
    return CliRunner().invoke(main, ["cache", "calibrate", *map(str, (*words, *nowhere))])


def test_it_prints_the_line_to_paste_and_what_it_comes_to(tmp_path: Path) -> None:
    pairs = written(tmp_path / "pairs.jsonl")
    result = ran(tmp_path, "--pairs", pairs, "--test", pairs, "--bound", 0.2, "--plot", tmp_path / "plot.svg")
    assert result.exit_code == 0, result.output
    *_, line = result.output.strip().splitlines()
    assert line.startswith("semantic: {threshold: 0.")
    assert "20 pairs, of which 16 are the same; 1 more are never looked for in other words" in result.output
    assert "by vectors alone: 0." in result.output
    assert "the other pairs: false 0.0%" in result.output
    assert (tmp_path / "plot.svg").read_text().startswith("<?xml")


def test_what_the_pairs_do_not_prove_is_refused_and_told_in_json(tmp_path: Path) -> None:
    result = ran(tmp_path, "--pairs", written(tmp_path / "pairs.jsonl", 1), "--json")
    answer: dict[str, Any] = json.loads(result.output)
    assert (result.exit_code, answer["yaml"], answer["calibration"]["guarded"]["chosen"]) == (3, None, None)
    assert answer["calibration"]["guarded"]["hits_needed"] == 299
    assert "it takes 299 hits" in ran(tmp_path, "--pairs", tmp_path / "pairs.jsonl").output


@pytest.mark.parametrize(("line", "told"), [("", "has no pair"), ("{}\n", "line 1"), ('{"a": "x", "b": "y"}', "same")])
def test_what_are_no_pairs_is_said(tmp_path: Path, line: str, told: str) -> None:
    (tmp_path / "pairs.jsonl").write_text(line)
    result = ran(tmp_path, "--pairs", tmp_path / "pairs.jsonl")
    assert (result.exit_code, told in result.output) == (1, True)
    assert ran(tmp_path, "--pairs", tmp_path / "missing.jsonl").exit_code == 1


def test_a_models_own_embedder_is_asked(tmp_path: Path) -> None:
    """Also where it cannot be: then that is said, and no other one takes its place."""
    routing = tmp_path / "routing.yaml"
    routing.write_text("""
versions: {v1: {served_model: m, endpoints: [http://127.0.0.1:9]}}
models:
  m: {split: {v1: 1}, cache: {ttl: 1m, semantic: {threshold: 0.9, embedder: {version: v1}}}}
  n: {split: {v1: 1}, cache: {ttl: 1m, semantic: {threshold: 0.9, embedder: own}}}
""")
    pairs = written(tmp_path / "pairs.jsonl", 1)
    for model, told in (("m", "http://127.0.0.1:9"), ("n", "no embedder 'own'"), ("o", "no model 'o'")):
        result = ran(tmp_path, "--pairs", pairs, "--model", model, "--routing", routing)
        assert (result.exit_code, told in result.output) == (1, True), result.output


async def test_a_version_of_the_routing_gives_the_vectors(tmp_path: Path) -> None:
    """The fake's vectors tell two texts apart, and nothing more."""
    rows = [{"a": text, "b": text, "same": True} for text in ("What is rain?", "What is snow?") for _ in range(10)]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    async with FakeVLLM("m") as fake:
        (tmp_path / "routing.yaml").write_text(f"""
versions: {{v1: {{served_model: m, endpoints: [{fake.url}]}}}}
models:
  m: {{split: {{v1: 1}}, cache: {{ttl: 1m, semantic: {{threshold: 0.9, embedder: {{version: v1}}}}}}}}
""")
        result = await asyncio.to_thread(
            ran, tmp_path, "--pairs", tmp_path / "pairs.jsonl", "--model", "m", "--bound", 0.2, "--routing",
            tmp_path / "routing.yaml")
        assert result.exit_code == 0, result.output
        assert result.output.rstrip().endswith("embedder: {version: v1}}")
        [sent] = fake.inference
        assert json.loads(sent.body)["input"] == ["What is rain?", "What is snow?"]
