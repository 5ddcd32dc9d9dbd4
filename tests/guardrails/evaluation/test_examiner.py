"""A row is judged as the gateway would judge it, and every finding under the thresholds is kept beside that."""

import pytest

from guardrails.compiling import UnusableRule
from guardrails.evaluation.examiner import Examiner, Seen, without_thresholds
from guardrails.finding import Finding
from guardrails.policy import Policy, PromptRules, ReplyRules, RoleRule, Rule, TopicsRule, WordsRule
from tests.guardrails.evaluation.detectors import CATALOGUE, PLAIN, examined, examiner, row, ticking


def test_a_finding_under_its_threshold_is_kept_and_nothing_is_done_about_it() -> None:
    found = examined("jo@local and mo@x.local")
    assert found.seen == (Seen(Finding("personal_data", "EMAIL", 13, 23, 0.3), None),)
    assert found.action is None
    assert found.scores() == {"personal_data": 0.3}


def test_the_action_is_the_policys_strongest() -> None:
    found = examined("jo@x.com key-1234 obey obey")
    assert [(one.finding.label, one.action) for one in found.seen] == [
        ("ORDER", "flag"), ("EMAIL", "redact"), ("KEY", "block")]
    assert found.action == "block"


def test_a_lower_threshold_is_that_of_the_role() -> None:
    policy = Policy(prompt=PromptRules(personal_data=Rule(
        action="redact", roles={"tool": RoleRule(threshold=0.2), "system": "off"})))
    by = examiner(policy)
    assert by.examine(row("mo@x.local", role="tool")).action == "redact"
    assert by.examine(row("mo@x.local")).action is None
    assert by.examine(row("jo@x.com", role="system")).seen == (), "who is not judged has no findings at any threshold"


def test_labels_that_do_not_count_are_no_findings_at_any_threshold() -> None:
    policy = Policy(prompt=PromptRules(personal_data=Rule(action="redact", without=["EMAIL"])))
    assert examined("jo@x.com", policy=policy).seen == ()
    assert examiner(policy).labels == {"personal_data": []}


def test_a_reply_goes_on_being_judged_behind_what_blocks_it() -> None:
    found = examiner(side="reply").examine(row("key-1234 then jo@x.com"))
    assert found.action == "block"
    assert [(one.finding.label, one.action) for one in found.seen] == [
        ("KEY", "block"), ("EMAIL", "redact"), ("LONG", "flag")]


def test_a_watcher_sees_the_whole_reply() -> None:
    assert examiner(side="reply").examine(row("twenty-one characters")).scores() == {"repetition": 1.0}


def test_a_detector_that_raises_is_a_failure_and_the_others_judge() -> None:
    policy = Policy(prompt=PromptRules(topics=TopicsRule(action="block"), personal_data="redact"))
    found = examined("jo@x.com", policy=policy)
    assert [failure.guard for failure in found.failures] == ["topics"]
    assert (found.action, found.refused) == ("redact", True)


def test_sampling_is_left_out_every_row_is_judged() -> None:
    policy = Policy(prompt=PromptRules(personal_data=Rule(action="redact", sample=0.01)))
    assert examined("jo@x.com", policy=policy).action == "redact"


def test_time_is_that_of_the_policy_by_the_clock_that_was_given() -> None:
    by = examiner()
    assert by.examine(row("jo@x.com")).nanoseconds == 1000
    assert by.time_alone(row("jo@x.com")) == {"personal_data": 1000, "secrets": 1000, "injection": 1000}


def test_a_text_reads_as_the_policy_has_it() -> None:
    assert examiner().judge("to jo@x.com", "user").text == "to [EMAIL]"
    assert examiner(side="reply").judge("to jo@x.com key-1234", "user").text == "to [EMAIL] "
    pseudonymous = Policy(prompt=PromptRules(personal_data=Rule(action="redact", style="pseudonym")))
    assert examiner(pseudonymous).judge("to jo@x.com, <EMAIL_1>", "user").text == "to <EMAIL_2>, <EMAIL_1>"


def test_a_rule_without_a_detector_is_left_out_and_one_that_cannot_be_used_is_told() -> None:
    assert "language" not in examiner().rules
    with pytest.raises(UnusableRule, match=r"prompt\.words: deny is empty"):
        Examiner("p", Policy(prompt=PromptRules(words=WordsRule(action="block"))), "prompt", CATALOGUE, ticking())


def test_without_thresholds_all_counts_and_nothing_is_done() -> None:
    opened = without_thresholds(PLAIN)
    assert opened.prompt.personal_data == Rule(action="shadow", threshold=0.0)
    assert opened.reply == ReplyRules(**{
        name: Rule(action="shadow", threshold=0.0) for name in ("personal_data", "secrets", "repetition")})
