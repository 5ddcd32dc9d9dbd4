"""A policy made ready: what a rule leaves to the detector, and what is refused."""

from __future__ import annotations

import pytest

from guardrails.compiling import UnusableRule, guards_of, unusable_rules
from guardrails.detectors.catalogue import CATALOGUE
from guardrails.passage import Passage
from guardrails.policy import Policy, PromptRules, ReplyRules, Rule, WordsRule
from guardrails.verdict import Verdict

TEXT = "See https://docs.python.org/3/ or write to ann@lee.org."


def judged(rule: Rule | str) -> dict[str, str]:
    guards = guards_of("p", Policy(prompt=PromptRules(personal_data=rule)), CATALOGUE)  # type: ignore[arg-type]
    verdict = Verdict()
    guards.prompt.inspect(Passage(TEXT), 0.0, verdict, None)
    return {decision.finding.label: decision.action for decision in verdict.decisions}


def test_a_plain_link_is_only_counted_unless_the_rule_names_it() -> None:
    assert judged("redact") == {"URL": "shadow", "EMAIL": "redact"}
    assert judged(Rule(action="redact", labels=["URL"])) == {"URL": "redact"}


def test_all_that_cannot_be_used_is_told_at_once() -> None:
    policy = Policy(
        prompt=PromptRules(words=WordsRule(action="block", deny=["", "x"], patterns=["(?=a)b"])),
        reply=ReplyRules(personal_data=Rule(action="redact", style="pseudonym")), allow_patterns=["(a"])
    assert [error.path for error in unusable_rules(policy, CATALOGUE)] == [
        "allow_patterns", "prompt.words", "reply.personal_data.style"]
    with pytest.raises(UnusableRule):
        guards_of("p", policy, CATALOGUE)
