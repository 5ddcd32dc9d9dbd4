"""A policy made ready: what a rule leaves to the detector, and what is refused."""

from __future__ import annotations

import pytest

from guardrails.compiling import UnusableRule, guards_of, unusable_rules
from guardrails.detectors.catalogue import CATALOGUE
from guardrails.guard import place_of
from guardrails.passage import Passage
from guardrails.policy import (
    ClassifierRule,
    NamesRule,
    Policy,
    PromptRules,
    ReplyRules,
    Rule,
    ToxicityRule,
    WordsRule,
)
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


@pytest.mark.parametrize(("rule", "prompt", "reply"), [
    (Rule(action="redact"), "before", "before"),
    (Rule(action="block"), "beside", "before"),
    (NamesRule(action="flag"), "beside", "after"),
    (NamesRule(action="flag", roles={"tool": "redact"}), "before", "before"),
    (NamesRule(action="shadow", roles={"tool": "block", "user": "off"}), "beside", "before"),
    (NamesRule(action="block", when="before"), "before", "before"),
    (NamesRule(action="flag", when="after"), "after", "after"),
])
def test_a_slow_guard_runs_where_its_rule_says_or_where_it_has_to(rule: Rule, prompt: str, reply: str) -> None:
    assert (place_of(rule, "prompt"), place_of(rule, "reply")) == (prompt, reply)


def test_a_place_in_which_a_rule_cannot_do_what_it_says_is_refused() -> None:
    policy = Policy(
        prompt=PromptRules(names=NamesRule(action="redact", when="beside"),
                           classifiers={"x": ClassifierRule(action="flag", roles={"tool": "block"}, when="after"),
                                        "y": ClassifierRule(action="flag", when="after")}),
        reply=ReplyRules(toxicity=ToxicityRule(action="flag", when="beside")))
    told = {error.path: error.reason for error in unusable_rules(policy, CATALOGUE)}
    assert list(told) == ["prompt.names.when", "prompt.classifiers.x.when", "reply.toxicity.when"]
    assert "before the model is asked" in told["prompt.names.when"]
    assert "flagged or counted" in told["prompt.classifiers.x.when"]
