"""The commands about guards: offline, in an empty folder, with a catalogue that is given or the built-in one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.config.reading import read_routing
from operations.cli.program import main
from operations.guards import drawing
from tests.guardrails.evaluation.detectors import CATALOGUE

ROUTING = """\
versions: {now: {served_model: m, endpoints: ["http://127.0.0.1:1"]}}
models: {assistant: {split: {now: 1}, policy: strict}}
policies:
  strict: {prompt: {personal_data: redact, secrets: block, injection: flag}, reply: {personal_data: redact}}
"""
Guard = Callable[..., Result]


@pytest.fixture
def guard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Guard:
    """The command in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, **options: Any) -> Result:
        return CliRunner().invoke(main, ["guard", *arguments], obj=CATALOGUE, catch_exceptions=False, **options)
    return call


def rows(path: Path, *written: object) -> str:
    path.write_text("".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in written))
    return str(path)


@pytest.fixture
def data(tmp_path: Path) -> str:
    return rows(tmp_path / "rows.jsonl",
                {"text": "write to jo@x.com", "spans": [{"start": 9, "end": 17, "type": "EMAIL"}], "source": "letters"},
                {"text": "or to mo@x.local", "spans": [{"start": 6, "end": 16, "type": "EMAIL"}], "source": "letters"},
                {"text": "nothing to see", "label": 0, "source": "talk"},
                {"text": "key-1234", "label": 1, "source": "talk"})


def test_a_text_is_shown_with_what_was_found_what_is_done_and_how_it_reads_then(guard: Guard) -> None:
    result = guard("test", "write to jo@x.com\nor mo@x.local")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[:2] == ["write to {EMAIL: jo@x.com}", "or mo@x.local"]
    assert lines[3].split() == ["DETECTOR", "LABEL", "SCORE", "SPAN", "ACTION", "FOUND"]
    assert lines[4].split() == ["personal_data", "EMAIL", "0.90", "9-17", "redact", "jo@x.com"]
    assert " ".join(lines[5].split()) == "personal_data EMAIL 0.30 21-31 none: under the threshold mo@x.local"
    assert lines[8:10] == ["write to <EMAIL_1>", "or mo@x.local"]
    assert lines[-1].startswith("passed, redacted (policy standard, prompt, ")


def test_a_text_that_is_blocked_ends_with_status_3(guard: Guard) -> None:
    result = guard("test", "key-1234")
    assert result.exit_code == 3
    assert "blocked by secrets: KEY" in result.stdout
    assert "It reads then" not in result.stdout


@pytest.mark.parametrize(("text", "verdict"), [("hello", "passed ("), ("obey obey", "passed, flagged (")])
def test_a_text_that_passes_says_how(guard: Guard, text: str, verdict: str) -> None:
    assert guard("test", text).stdout.splitlines()[-1].startswith(verdict)


def test_a_text_comes_from_a_file_or_from_standard_input(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("jo@x.com")
    for arguments, given in ((("--file", "letter.txt"), None), (("--file", "-"), "jo@x.com"), (("-",), "jo@x.com")):
        assert "{EMAIL: jo@x.com}" in guard("test", *arguments, input=given).stdout


def test_a_text_that_is_missing_twice_there_or_not_utf_8_is_refused(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(b"\xff\xfe")
    assert guard("test").exit_code == 2
    assert guard("test", "text", "--file", "raw").exit_code == 2
    for name in ("raw", "missing"):
        result = guard("test", "--file", name)
        assert result.exit_code == 1
        assert f"{name} cannot be read as UTF-8" in result.stderr


def test_colour_is_for_terminals_and_what_a_text_holds_has_no_power_over_them(guard: Guard) -> None:
    text = "\x1b[2J jo@x.com \u200b"
    plain = guard("test", text).stdout
    assert "\x1b" not in plain
    assert r"\x1b[2J {EMAIL: jo@x.com} \u200b" in plain
    coloured = guard("test", text, env={"FORCE_COLOR": "1", "TERM": "xterm-256color"}).stdout
    assert "\x1b[30;43mjo@x.com\x1b[0m" in coloured
    assert "\x1b[2J" not in coloured


def test_the_answer_is_there_as_json(guard: Guard) -> None:
    answer = json.loads(guard("test", "jo@x.com mo@x.local", "--json").stdout)
    assert (answer["blocked"], answer["action"], answer["text"]) == (False, "redact", "<EMAIL_1> mo@x.local")
    assert answer["findings"][0] == {
        "detector": "personal_data", "label": "EMAIL", "start": 0, "end": 8, "score": 0.9, "action": "redact"}
    assert answer["findings"][1]["action"] is None
    blocked = guard("test", "key-1234", "--json")
    assert blocked.exit_code == 3
    assert json.loads(blocked.stdout)["text"] is None


def test_a_reply_and_a_role_are_judged_as_such(guard: Guard, tmp_path: Path) -> None:
    assert "passed, redacted (policy standard, reply" in guard("test", "key-1234", "--side", "reply").stdout
    (tmp_path / "own.yaml").write_text(
        "prompt: {personal_data: {action: block, roles: {tool: {threshold: 0.2}}}}\n")
    assert guard("test", "mo@x.local", "--policy", "own.yaml").exit_code == 0
    assert guard("test", "mo@x.local", "--policy", "own.yaml", "--role", "tool").exit_code == 3


def test_a_guard_that_raises_blocks_where_the_policy_says_so(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / "closed.yaml").write_text("prompt: {topics: {action: flag}}\n")
    (tmp_path / "open.yaml").write_text("prompt: {topics: {action: flag}}\non_error: allow\n")
    (tmp_path / "shadow.yaml").write_text("prompt: {topics: {action: shadow}}\n")
    closed, opened, shadow = (guard("test", "hello", "--policy", name)
                              for name in ("closed.yaml", "open.yaml", "shadow.yaml"))
    assert (closed.exit_code, opened.exit_code, shadow.exit_code) == (3, 0, 0)
    assert "blocked: a guard could not decide" in closed.stdout
    assert "the guard topics could not decide: error" in opened.stderr


def test_the_policy_of_the_routing_is_taken_where_there_is_but_one(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / "routing.yaml").write_text(ROUTING)
    assert "(policy strict, prompt" in guard("test", "hello").stdout
    assert "(policy standard, prompt" in guard("test", "hello", "--policy", "standard").stdout
    (tmp_path / "other.yaml").write_text(ROUTING + "  mild: {}\n")
    several = guard("test", "hello", "--routing", "other.yaml")
    assert several.exit_code == 1
    assert "name one of strict, mild" in several.stderr


def test_a_policy_that_is_not_there_or_wrong_is_told(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / "routing.yaml").write_text(ROUTING)
    assert "Did you mean 'strict'?" in guard("test", "hello", "--policy", "strikt").stderr
    assert guard("test", "hello", "--policy", "missing.yaml").exit_code == 1
    (tmp_path / "wrong.yaml").write_text("prompt: {personal_data: erase}\n")
    assert "prompt.personal_data: expected one of block, redact" in guard("test", "a", "--policy", "wrong.yaml").stderr
    (tmp_path / "unusable.yaml").write_text("prompt: {words: {action: block}}\n")
    assert "prompt.words: expected settings that its detector can use, found deny is empty" in guard(
        "test", "a", "--policy", "unusable.yaml").stderr


def test_a_rule_whose_detector_is_not_there_is_told(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("prompt: {language: {action: block, allowed: [en]}}\n")
    result = guard("test", "hello", "--policy", "own.yaml")
    assert "there is no detector language; its rule judges nothing" in result.stderr
    assert result.exit_code == 0


def test_the_detectors_are_listed_with_what_they_find(guard: Guard) -> None:
    found = {line.split()[0]: line.split()[1:] for line in guard("list").stdout.splitlines()}
    assert found["personal_data"] == ["pattern", "prompt,", "reply", "EMAIL"]
    assert found["repetition"] == ["watcher", "reply"]
    assert found["words"][:3] == ["by", "its", "settings"]
    (mail,) = [one for one in json.loads(guard("list", "--json").stdout)["detectors"] if one["name"] == "personal_data"]
    assert mail == {"name": "personal_data", "kinds": ["pattern"], "sides": ["prompt", "reply"], "labels": ["EMAIL"],
                    "settings": []}


def test_one_detector_is_shown(guard: Guard) -> None:
    assert "deny, patterns, whole_words" in guard("show", "words").stdout
    assert json.loads(guard("show", "injection", "--json").stdout)["labels"] == ["ORDER"]
    assert guard("show", "nobody").exit_code == 1


def test_rows_give_figures_by_detector_label_and_source(guard: Guard, data: str) -> None:
    result = guard("evaluate", "--data", data)
    assert result.exit_code == 0
    assert "Policy standard, prompt: 4 rows, 3 positive and 1 negative." in result.stdout
    for row in ("personal_data  1.0000     0.3333", "letters  2", "EMAIL  1              0              1.0000"):
        assert row in result.stdout
    report = json.loads(guard("evaluate", "--data", data, "--json").stdout)["report"]
    assert report["overall"]["rows"]["recall"] == pytest.approx(2 / 3)
    assert report["detectors"]["personal_data"]["span_curve"]["points"][1]["recall"] == 1.0
    assert report["sources"]["letters"]["exact"]["recall"] == 0.5


def test_scores_are_written_row_by_row_and_never_a_text(guard: Guard, data: str, tmp_path: Path) -> None:
    guard("evaluate", "--data", data, "--scores", "scores.jsonl")
    written = (tmp_path / "scores.jsonl").read_text()
    first, second, third, _ = map(json.loads, written.splitlines())
    assert first["microseconds"] > 0
    del first["microseconds"]
    assert first == {"row": 1, "label": 1, "source": "letters", "bytes": 17, "action": "redact", "findings": [
        {"detector": "personal_data", "label": "EMAIL", "start": 9, "end": 17, "score": 0.9, "action": "redact"}],
        "scores": {"personal_data": 0.9}}
    assert (second["findings"][0]["action"], second["scores"]) == (None, {"personal_data": 0.3})
    assert (third["label"], third["findings"], third["action"]) == (0, [], None)
    assert "jo@" not in written
    assert "nothing" not in written


def test_a_limit_takes_the_first_rows(guard: Guard, data: str) -> None:
    assert "standard, prompt: 2 rows" in guard("evaluate", "--data", data, "--limit", "2").stdout


def test_lines_that_are_no_rows_are_told_and_counted_and_stop_nothing(guard: Guard, tmp_path: Path) -> None:
    mixed = rows(tmp_path / "mixed.jsonl", "{", {"text": "a", "label": 0}, *({"text": "b"} for _ in range(20)))
    result = guard("evaluate", "--data", mixed)
    assert result.exit_code == 0
    assert result.stderr.startswith("line 1: ")
    assert len(result.stderr.splitlines()) < 15
    assert "21 lines are no rows and were left out" in result.stdout
    assert json.loads(guard("evaluate", "--data", mixed, "--json").stdout)["bad_rows"]["count"] == 21


def test_data_without_any_row_are_refused(guard: Guard, tmp_path: Path) -> None:
    for path in (rows(tmp_path / "bad.jsonl", "{"), rows(tmp_path / "empty.jsonl"), "missing.jsonl"):
        result = guard("evaluate", "--data", path)
        assert result.exit_code == 1
        assert Path(path).name in result.stderr


def test_a_comparison_ends_in_a_verdict_and_in_a_status(guard: Guard, data: str, tmp_path: Path) -> None:
    (tmp_path / "low.yaml").write_text(
        "prompt: {personal_data: {action: redact, threshold: 0.2}, secrets: block, injection: flag}\n")
    better = guard("evaluate", "--data", data, "--compare", "low.yaml")
    assert better.exit_code == 0
    assert better.stdout.splitlines()[-1] == "Verdict: low may be promoted over standard (margin 0.005)."
    assert "passed  redact  1     1         2" in better.stdout
    worse = guard("evaluate", "--data", data, "--policy", "low.yaml", "--compare", "standard")
    assert worse.exit_code == 3
    assert worse.stdout.splitlines()[-1] == "Verdict: standard may not be promoted over low (margin 0.005)."
    lenient = guard("evaluate", "--data", data, "--policy", "low.yaml", "--compare", "standard", "--margin", "0.6",
                    "--json")
    assert lenient.exit_code == 0
    assert json.loads(lenient.stdout)["comparison"]["promote"] == "yes"


def test_pictures_are_drawn_the_same_each_time(guard: Guard, data: str, tmp_path: Path) -> None:
    (tmp_path / "low.yaml").write_text("prompt: {personal_data: {action: redact, threshold: 0.2}}\n")
    guard("evaluate", "--data", data, "--compare", "low.yaml", "--plots", "one")
    guard("evaluate", "--data", data, "--compare", "low.yaml", "--plots", "two/deep")
    drawn = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert drawn == ["calibration.svg", "comparison.svg", "false-alarms.svg", "latency.svg", "precision-recall.svg",
                     "scores.svg"]
    for name in set(drawn) - {"latency.svg"}:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / "deep" / name).read_bytes()


def test_without_matplotlib_it_is_said_how_to_get_it_before_anything_is_measured(
        guard: Guard, data: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    result = guard("evaluate", "--data", data, "--plots", "pictures")
    assert result.exit_code == 1
    assert result.stderr.strip() == drawing.INSTALL
    assert result.stdout == ""


def test_places_that_cannot_be_written_are_told_before_anything_is_measured(guard: Guard, data: str) -> None:
    for option in ("--plots", "--scores"):
        result = guard("evaluate", "--data", data, option, f"{data}/below")
        assert result.exit_code == 1
        assert f"{data}/below" in result.stderr
        assert result.stdout == ""


def test_the_routing_of_these_tests_is_one(tmp_path: Path) -> None:
    (tmp_path / "routing.yaml").write_text(ROUTING)
    assert set(read_routing(tmp_path / "routing.yaml")[0].policies) == {"strict"}


def test_the_built_in_detectors_are_those_of_the_program() -> None:
    result = CliRunner().invoke(main, ["guard", "list", "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    assert "detectors" in json.loads(result.stdout)
