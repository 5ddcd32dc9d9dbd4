"""The standard policy can be used as it stands."""

from guardrails.compiling import guards_of
from guardrails.detectors.catalogue import CATALOGUE
from guardrails.policy import rules_of
from guardrails.standard import STANDARD


def test_it_compiles_with_the_detectors_of_this_release() -> None:
    guards = guards_of("standard", STANDARD, CATALOGUE)
    assert guards.blocks_on_error


def test_it_blocks_nothing_but_secrets_and_never_a_reply() -> None:
    assert [name for name, rule in rules_of(STANDARD.prompt) if rule.action == "block"] == ["secrets"]
    assert [name for name, rule in rules_of(STANDARD.reply) if rule.action == "block"] == []
