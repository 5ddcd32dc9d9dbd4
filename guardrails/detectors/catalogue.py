"""The detectors of this release, by the name that a policy gives them."""

from functools import cache
from typing import cast

from guardrails.compiling import Catalogue
from guardrails.detectors.injection.injection import Injection
from guardrails.detectors.personal_data import PersonalData
from guardrails.detectors.secrets.secrets import Secrets
from guardrails.detectors.words import Words
from guardrails.policy import Rule, WordsRule


# Those without settings are made once: they are immutable, and both sides of all policies may share them.
@cache
def _personal_data() -> PersonalData:
    return PersonalData()


@cache
def _secrets() -> Secrets:
    return Secrets()


@cache
def _injection() -> Injection:
    return Injection()


def _words(rule: Rule) -> Words:
    written = cast(WordsRule, rule)
    return Words(written.deny, written.patterns, written.whole_words)


# A maker takes the rule, and raises ValueError where its settings cannot be used.
CATALOGUE: Catalogue = {
    "personal_data": lambda rule: _personal_data(),
    "secrets": lambda rule: _secrets(),
    "injection": lambda rule: _injection(),
    "words": _words,
}
