"""Which detectors a host can use, by its settings: what it lacks is said where a policy is checked."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.config.checking import ConfigurationError, problems_of
from gateway.config.routing_document import check_routing, warnings_of
from gateway.config.settings import Settings, contradictions_of
from gateway.detectors import detectors_with, usable_detectors
from guardrails.classifiers import builtin, rampart
from guardrails.classifiers.classifier import ClassifierAway
from guardrails.compiling import guards_of
from guardrails.passage import Passage
from guardrails.policy import NamesRule, Policy, PromptRules

ROOT = Path(__file__).parent.parent.parent
NONE, ONE = Settings(routing="r"), Settings(routing="r", classifiers=1)


def routing(rule: Any) -> dict[str, Any]:
    return {"versions": {"v": {"served_model": "m", "endpoints": ["http://127.0.0.1:1"]}},
            "models": {"m": {"split": {"v": 1}, "policy": "p"}}, "policies": {"p": {"prompt": {"names": rule}}}}


@pytest.mark.parametrize("rule", ["redact", {"action": "redact"}, {"action": "flag", "find": ["CITY"]}])
def test_a_policy_that_names_names_without_a_classifier_is_told_what_to_set(rule: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"policies\.p\.prompt\.names.*set classifiers: 1"):
        check_routing(routing(rule), "routing.yaml", usable_detectors(NONE))
    check_routing(routing(rule), "routing.yaml", usable_detectors(ONE))


def test_a_revision_that_was_live_before_the_classifier_was_taken_away_warns_at_every_load() -> None:
    document = check_routing(routing("redact"), "routing.yaml")
    [warning] = [text for text in warnings_of(document, usable_detectors(NONE)) if "names" in text]
    assert "fails, as on_error has it" in warning
    assert [text for text in warnings_of(document, usable_detectors(ONE)) if "names" in text] == []


async def test_a_worker_takes_such_a_revision_and_its_guard_fails() -> None:
    policy = Policy(prompt=PromptRules(names="redact"))
    [(_, reader)] = guards_of("p", policy, detectors_with(None)).prompt.slow
    with pytest.raises(ClassifierAway):
        await asyncio.wait_for(reader.read_all([Passage("abc")]), 1)


def test_pseudonyms_of_names_can_be_given_back() -> None:
    """The reply's guards look for the pseudonyms of what the classifier finds, though it has no patterns."""
    policy = Policy(prompt=PromptRules(names=NamesRule(action="redact", style="pseudonym", find=["PERSON", "CITY"])))
    guards = guards_of("p", policy, detectors_with(None))
    assert guards.pseudonymous
    assert guards.names is not None
    assert list(guards.names.names_in("<PERSON_1> in <CITY_2> at <ADDRESS_3>")) == ["<PERSON_1>", "<CITY_2>"]
    plain = Policy(prompt=PromptRules(names=NamesRule(action="redact")))
    assert not guards_of("p", plain, detectors_with(None)).pseudonymous


def test_a_classifier_without_its_packages_is_a_problem_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(contradictions_of(ONE)) == []
    monkeypatch.setattr(rampart, "NEEDS", ("no_such_package",))
    monkeypatch.setattr(builtin, "NAMES", ("names",))
    [problem] = contradictions_of(ONE)
    assert (problem.path, problem.found) == ("classifiers", "no no_such_package")
    assert "pip install 'gatewright[names]'" in problem.expected
    assert list(contradictions_of(NONE)) == []


@pytest.mark.parametrize("number", [-1, 2])
def test_there_is_one_classifier_process_at_most(number: int) -> None:
    assert [problem.path for problem in problems_of({"routing": "r", "classifiers": number}, Settings, "")] == [
        "classifiers"]


def test_a_data_worker_imports_nothing_of_what_the_classifier_needs() -> None:
    program = f"import sys, gateway.worker; print([name for name in {rampart.NEEDS!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert result.stdout == "[]\n"
