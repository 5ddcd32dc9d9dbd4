"""A moderator scores what a policy's detectors find in OpenAI's categories; the policy says what of it counts."""

from typing import Any

import msgspec
import pytest

from guardrails.compiling import Catalogue
from guardrails.examination import Examination
from guardrails.finding import Finding
from guardrails.moderation import (
    CATEGORIES,
    CATEGORIES_OF,
    MODERATION,
    Moderator,
    Scores,
    Surest,
    moderator_of,
    scores_of,
)
from guardrails.passage import Passage
from guardrails.patterns.pattern import Pattern
from guardrails.policy import Policy, PromptRules
from guardrails.verdict import Decision, Failure


class Toxicity:
    """Reads what a text says of itself: ``hate=0.9``."""

    name = "toxicity"

    def read(self, passage: Passage) -> list[Finding]:
        pairs = (word.split("=") for word in passage.text.split() if "=" in word)
        return [Finding("toxicity", label.upper(), 0, 0, float(score)) for label, score in pairs]


class Mail:
    name = "personal_data"
    patterns = (Pattern("EMAIL", r"\b[a-z]{1,8}@[a-z]{1,8}\.com\b"),)


CATALOGUE: Catalogue = {"toxicity": lambda rule: Toxicity(), "personal_data": lambda rule: Mail()}


def moderator(**prompt: Any) -> Moderator:
    rules = msgspec.convert(prompt or {"toxicity": "flag"}, PromptRules)
    return moderator_of(Policy(prompt=rules), CATALOGUE)


def scored(judge: Moderator, text: str) -> Scores:
    examination = Examination(judge.inspector, [Passage(text)], 0.0, None, lambda: 0.0)
    examination.verdict = Surest()
    examination.run()
    return scores_of(judge, examination.verdict)


def test_a_label_is_told_as_its_category_with_its_score() -> None:
    scores = scored(moderator(), "hate=0.9 self_harm=0.2")
    assert [name for name, found in scores.categories.items() if found] == ["hate"]
    assert {name: score for name, score in scores.category_scores.items() if score} == {"hate": 0.9, "self-harm": 0.2}
    assert scores.flagged


def test_every_category_is_told_also_of_a_text_in_which_nothing_is_found() -> None:
    scores = scored(moderator(), "good morning")
    assert (set(scores.categories), set(scores.category_scores)) == (set(CATEGORIES), set(CATEGORIES))
    assert not scores.flagged
    assert len(CATEGORIES) == 13


@pytest.mark.parametrize("name", CATEGORIES)
def test_a_finer_category_is_never_guessed_from_its_parent(name: str) -> None:
    """Where a guard does not tell the two apart its score is 0."""
    scores = scored(moderator(), " ".join(f"{label}=0.9" for label in ("hate", "harassment", "violence", "sexual",
                                                                       "self_harm")))
    assert (scores.category_scores[name] == 0.9) == ("/" not in name and name != "illicit")


def test_the_policys_threshold_says_what_is_flagged() -> None:
    strict = moderator(toxicity={"action": "block", "threshold": 0.2})
    assert (scored(strict, "hate=0.3").flagged, scored(moderator(), "hate=0.3").flagged) == (True, False)


def test_a_label_that_the_policy_leaves_out_is_not_told_at_all() -> None:
    scores = scored(moderator(toxicity={"action": "flag", "without": ["HATE"]}), "hate=0.9")
    assert (scores.flagged, scores.category_scores["hate"], scores.guards) == (False, 0.0, {})


@pytest.mark.parametrize(("action", "flagged", "counted"), [
    ("block", True, 1), ("flag", True, 1), ("redact", False, 1), ("shadow", False, 0)])
def test_what_is_in_no_category_flags_a_text_where_the_policy_would_not_let_it_pass(
        action: str, flagged: bool, counted: int) -> None:
    scores = scored(moderator(personal_data=action), "write to ann@secret.com")
    assert (scores.flagged, len(scores.counted), any(scores.categories.values())) == (flagged, counted, False)
    assert scores.guards["personal_data"].labels.keys() == {"EMAIL"}


def test_many_findings_of_one_kind_do_not_crowd_out_another() -> None:
    """Of each guard and label the surest is kept."""
    text = "a@b.com " * 5000 + "hate=0.7 hate=0.8 hate=0.6"
    scores = scored(moderator(personal_data="flag", toxicity="flag"), text)
    assert scores.category_scores["hate"] == 0.8
    assert len(scores.counted) == 2


def test_the_surest_of_a_kind_is_kept_in_whatever_order() -> None:
    verdict = Surest()
    for score in (0.3, 0.9, 0.5):
        verdict.add(Decision(Finding("toxicity", "HATE", 0, 0, score), "flag", "prompt", "input"))
    assert [decision.finding.score for decision in verdict.decisions] == [0.9]


def test_guards_that_could_not_decide_are_told_and_refused_where_the_policy_is_closed() -> None:
    closed = moderator(toxicity="flag", personal_data="shadow")
    verdict = Surest()
    verdict.fail(Failure("toxicity", "prompt", "timeout"))
    assert scores_of(closed, verdict).unchecked == ["toxicity"]
    assert closed.refuses(verdict.failures)
    assert not closed.refuses([Failure("personal_data", "prompt", "error")]), "it would only have counted"
    assert closed.refuses([Failure("every", "prompt", "timeout")])
    assert not closed._replace(blocks_on_error=False).refuses(verdict.failures)


def test_a_sampled_guard_judges_everything_that_it_is_asked_about() -> None:
    assert scored(moderator(toxicity={"action": "flag", "sample": 0.0}), "hate=0.9").flagged


def test_the_built_in_policy_asks_toxicity_and_the_heuristics_of_injection() -> None:
    assert MODERATION.prompt.toxicity == "flag"
    assert getattr(MODERATION.prompt.injection, "tier", "") == "heuristics"


def test_labels_lead_to_categories_that_there_are() -> None:
    assert {name for names in CATEGORIES_OF.values() for name in names} <= set(CATEGORIES)
