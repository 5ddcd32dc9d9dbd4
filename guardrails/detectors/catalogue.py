"""The detectors of this release, by the name that a policy gives them."""

from typing import cast

from guardrails.compiling import Catalogue
from guardrails.detectors.injection.injection import Injection
from guardrails.detectors.personal_data import PersonalData
from guardrails.detectors.secrets.secrets import Secrets
from guardrails.detectors.words import Words
from guardrails.policy import Rule, WordsRule


def _words(rule: Rule) -> Words:
    written = cast(WordsRule, rule)
    return Words(written.deny, written.patterns, written.whole_words)


# A maker takes the rule, and raises ValueError where its settings cannot be used.
CATALOGUE: Catalogue = {
    "personal_data": lambda rule: PersonalData(),
    "secrets": lambda rule: Secrets(),
    "injection": lambda rule: Injection(),
    "words": _words,
}
