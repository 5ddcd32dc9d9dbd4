"""``gatewright guard evaluate --false-alarms``: from rows to the line that goes into the policy."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from gateway.config.reading import parse_yaml
from guardrails.finding import Finding
from guardrails.passage import Passage
from guardrails.policy import ClassifierRule, PromptRules, RoleRule, Rule
from operations.cli.program import main
from operations.guards.score_plots import histogram
from operations.guards.thresholds import written
from tests.guardrails.evaluation.rankings import ranking

Guard = Callable[..., Result]


class Graded:
    """Scores a text by the number that it is."""

    name = "injection"
    labels = ("ORDER",)

    def read(self, passage: Passage) -> list[Finding]:
        score = float(passage.text)
        return [Finding(self.name, "ORDER", 0, 0, score)] if score else []


@pytest.fixture
def guard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Guard:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.yaml").write_text("prompt: {injection: {action: flag, roles: {tool: block}}}\n")
    return lambda *words: CliRunner().invoke(
        main, ["guard", "evaluate", "--policy", "own.yaml", *words], catch_exceptions=False,
        obj={"injection": lambda rule: Graded()})


def rows(path: Path, scores: Iterable[tuple[float, int]], **more: object) -> str:
    path.write_text("".join(json.dumps({"text": f"{score}", "label": label, **more}) + "\n" for score, label in scores))
    return path.name


def negatives(count: int) -> list[tuple[float, int]]:
    return [((at + 0.5) / count, 0) for at in range(count)]


def test_thresholds_are_told_as_counted_and_as_promised_with_the_line_for_the_policy(guard: Guard,
                                                                                    tmp_path: Path) -> None:
    data = rows(tmp_path / "rows.jsonl", [*negatives(1000), *((0.97, 1), (0.995, 1), (0.5, 1), (0.992, 1))])
    result = guard("--data", data, "--false-alarms", "0.01")
    lines = {tuple(line.split()[:4])[2:]: line.split()[4:] for line in result.stdout.splitlines()
             if line.startswith("injection  (all)")}
    assert lines["0.01", "count"][:5] == ["0.99", "10", "of", "1000", "0.017"]
    assert lines["0.01", "promise"][:5] == ["0.996", "4", "of", "1000", "0.00913"]
    assert "injection: {action: flag, roles: {tool: block}, threshold: " in result.stdout
    answer = json.loads(guard("--data", data, "--false-alarms", "0.01", "--json").stdout)["thresholds"]
    counted, promised = (one["choice"] for one in answer["choices"])
    assert (counted["threshold"], counted["recall"]) == (0.99, 0.5)
    assert promised["negatives_found"] == promised["allowed"] < 10
    assert promised["false_alarms_below"] <= 0.01
    assert answer["lines"][0]["promised"] is True


def test_too_few_negatives_say_what_they_could_promise(guard: Guard, tmp_path: Path) -> None:
    data = rows(tmp_path / "rows.jsonl", [*negatives(200), (0.999, 1)])
    told = guard("--data", data, "--false-alarms", "0.01").stdout
    assert "- injection: 0 of 200 negatives allow at best to promise 0.0149; to promise 0.01 takes 299." in told
    assert "# false alarms at most 0.01, counted, not promised" in told
    assert guard("--data", data, "--false-alarms", "1").exit_code == 2


def test_several_rates_and_roles_have_their_own_thresholds(guard: Guard, tmp_path: Path) -> None:
    user = rows(tmp_path / "user.jsonl", [*negatives(400), (0.9, 1)])
    tool = rows(tmp_path / "tool.jsonl", [(score / 2, label) for score, label in [*negatives(400), (0.9, 1)]],
                role="tool")
    told = guard("--data", user, "--data", tool, "--false-alarms", "0.05", "--false-alarms", "0.1", "--by-role").stdout
    lines = [line.partition("  #")[0] for line in told.splitlines() if line.startswith("injection: {")]
    assert len(lines) == 2
    roles: list[dict[str, Any]] = [parse_yaml(line, "line")["injection"]["roles"] for line in lines]  # type: ignore[index]
    assert all(one["tool"]["threshold"] == pytest.approx(one["user"]["threshold"] / 2, abs=0.006) for one in roles)
    assert roles[0]["tool"]["action"] == "block"
    assert roles[1]["user"]["threshold"] < roles[0]["user"]["threshold"]


def test_lines_of_several_files_are_counted_through_and_each_file_is_a_source(guard: Guard, tmp_path: Path) -> None:
    one = rows(tmp_path / "one.jsonl", [(0.2, 0), (0.7, 1)])
    (tmp_path / "two.jsonl").write_text('{"text": "0.9", "label": 1}\n{\n{"text": "0.1", "label": 0}\n')
    result = guard("--data", one, "--data", "two.jsonl", "--scores", "scores.jsonl")
    assert "two.jsonl line 2: " in result.stderr
    assert "Policy own, prompt: 4 rows" in result.stdout
    lines = [json.loads(line) for line in (tmp_path / "scores.jsonl").read_text().splitlines()]
    assert [(line["row"], line["source"]) for line in lines] == [(1, "one"), (2, "one"), (3, "two"), (5, "two")]
    assert guard("--data", one, "--data", "missing.jsonl").stderr.startswith("missing.jsonl cannot be read")


def test_scores_have_tables_of_areas_and_of_calibration(guard: Guard, tmp_path: Path) -> None:
    data = rows(tmp_path / "rows.jsonl", [(at / 100, int(at % 10 < at // 10)) for at in range(100)])
    told = guard("--data", data).stdout
    assert "How well scores part positive rows from negative ones" in told
    assert "injection: of rows that score so, how many are positive" in told
    figures = json.loads(guard("--data", data, "--json").stdout)["report"]["detectors"]["injection"]
    assert [one["rows"] for one in figures["calibration"]["bins"]] == [10] * 10
    assert figures["areas"]["auroc"]["interval"]["low"] < figures["areas"]["auroc"]["value"]


def test_where_nothing_is_found_there_is_no_threshold_to_choose(guard: Guard, tmp_path: Path) -> None:
    data = rows(tmp_path / "rows.jsonl", [(0, 0), (0, 1)])
    assert "No detector has found anything" in guard("--data", data, "--false-alarms", "0.01").stdout
    only = rows(tmp_path / "only.jsonl", [(0.4, 1)])
    assert "there are no negative rows" in guard("--data", only, "--false-alarms", "0.01").stdout


@pytest.mark.parametrize(("name", "rule", "thresholds"), [
    ("injection", Rule(action="flag", labels=["X"]), {None: 0.83}),
    ("personal_data", Rule(action="redact", threshold=0.2, roles={"tool": "off", "user": RoleRule(action="flag")}),
     {"tool": 0.4, "user": 0.6, "document": 0.1}),
    ("classifiers.own", ClassifierRule(action="block", when="before"), {None: 0.5}),
])
def test_a_line_is_a_rule_that_a_policy_takes(name: str, rule: Rule, thresholds: Any) -> None:
    side = msgspec.convert(parse_yaml(written(name, rule, thresholds), "line"), PromptRules)
    place, _, own = name.partition(".")
    found = getattr(side, place)[own] if own else getattr(side, place)
    roles = {role: one.threshold for role, one in found.roles.items() if isinstance(one, RoleRule)}
    assert {None: found.threshold, **roles} == {None: rule.threshold, **thresholds}
    assert (found.action, found.labels) == (rule.action, rule.labels)


def test_a_histogram_has_every_score_that_was_found_in_its_bar() -> None:
    found = ranking([(True, 1.0), (True, 0.5), (True, 0.49), (False, 0.001), (False, 0.0)])
    assert histogram(found, 2) == ([1, 2], [1, 0])
