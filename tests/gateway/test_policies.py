"""Policies are compiled once for each content."""

from gateway.guard_models import OwnDetector
from gateway.policies import Policies
from guardrails.compiling import Catalogue
from guardrails.patterns.pattern import Pattern
from guardrails.policy import Policy, PromptRules, Rule


class Found:
    name = "secrets"
    patterns = (Pattern("A", "aa"),)


CATALOGUE: Catalogue = {"secrets": lambda rule: Found()}


def policy(action: str) -> Policy:
    return Policy(prompt=PromptRules(secrets=Rule(action=action)))  # type: ignore[arg-type]


def test_a_policy_that_a_revision_leaves_as_it_was_keeps_its_guards() -> None:
    policies = Policies(CATALOGUE)
    first = policies.compiled({"a": policy("block"), "b": policy("flag")}, ["a", "b"])
    second = policies.compiled({"a": policy("block"), "b": policy("redact")}, ["a", "b"])
    assert second["a"] is first["a"]
    assert second["b"] is not first["b"]


def test_only_what_is_named_is_compiled_and_what_is_not_any_more_is_forgotten() -> None:
    policies = Policies(CATALOGUE)
    written = {"a": policy("block"), "b": policy("flag")}
    first = policies.compiled(written, ["a"])
    assert set(first) == {"a"}
    policies.compiled(written, ["b"])
    assert policies.compiled(written, ["a"])["a"] is not first["a"]


def test_a_policy_whose_guard_model_is_another_one_now_is_compiled_again() -> None:
    """And one that names none keeps its guards: what a name means is part of a policy."""
    policies = Policies(CATALOGUE)
    asked = Policy(prompt=PromptRules(guard_models={"lg": "block"}))
    own = [{"guard_models.lg": OwnDetector(definition, lambda rule: Found())} for definition in (b"1", b"1", b"2")]
    first, second, third = (policies.compiled({"a": asked, "b": policy("flag")}, ["a", "b"], one) for one in own)
    assert second["a"] is first["a"]
    assert third["a"] is not first["a"]
    assert third["b"] is first["b"]
    moderators = [policies.moderator(asked, one) for one in own]
    assert moderators[0] is moderators[1] is not moderators[2]


def test_a_policy_is_known_by_a_digest_of_its_rules_and_of_what_they_name() -> None:
    def digest(name: str, written: Policy) -> str:
        return Policies(CATALOGUE).compiled({name: written}, [name])[name].digest

    assert digest("a", policy("block")) == digest("b", policy("block")) != digest("a", policy("flag"))
    assert len(digest("a", policy("block"))) == 64
