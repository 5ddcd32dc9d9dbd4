"""The detectors of this release, by the name that a policy gives them."""

from collections.abc import Callable
from functools import partial
from typing import cast

from guardrails.compiling import Catalogue, Family
from guardrails.detectors.classified import Reads, SafetyInjection, SafetyToxicity, classified
from guardrails.detectors.exfiltration import Exfiltration
from guardrails.detectors.injection.injection import Injection
from guardrails.detectors.language import Language
from guardrails.detectors.length import Length
from guardrails.detectors.names import Names
from guardrails.detectors.personal_data import PersonalData
from guardrails.detectors.prompt_leak import PromptLeak
from guardrails.detectors.refusal import Refusal
from guardrails.detectors.repetition import Repetition
from guardrails.detectors.secrets.secrets import Secrets
from guardrails.detectors.structure import Structure
from guardrails.detectors.topics import Topics
from guardrails.detectors.words import Words
from guardrails.policy import ExfiltrationRule, LanguageRule, LengthRule, Rule, TopicsRule, WordsRule


def _words(rule: Rule) -> Words:
    written = cast(WordsRule, rule)
    return Words(written.deny, written.patterns, written.whole_words)


def _length(rule: Rule) -> Length:
    written = cast(LengthRule, rule)
    return Length(written.max_characters, written.max_words)


def _injection(heuristics: Callable[[], Injection], reads: Reads | None, rule: Rule) -> Injection | SafetyInjection:
    made = heuristics()
    return SafetyInjection(made, rule, reads) if asks_transformer(rule) else made


def _toxicity(reads: Reads | None, rule: Rule) -> SafetyToxicity | None:
    return SafetyToxicity(rule, reads) if asks_transformer(rule) else None


def asks_transformer(rule: Rule) -> bool:
    """Whether it is the classifier process that judges, or has a say."""
    return getattr(rule, "tier", "") == "transformer"


def slow_detectors(reads: Reads | None, heuristics: Callable[[], Injection] = Injection) -> Catalogue:
    """Those that ask a classifier by ``reads``; without it they fail when they are asked. ``heuristics`` makes what
    is the same for all rules."""
    return {
        "injection": partial(_injection, heuristics, reads),
        "toxicity": partial(_toxicity, reads),
        "names": lambda rule: Names(rule, reads),
        "topics": lambda rule: Topics(cast(TopicsRule, rule).deny, rule, reads),
        "classifiers.*": Family(lambda own: lambda rule: classified(own, rule, reads)),
    }


# A maker takes the rule, and raises ValueError where its settings cannot be used.
CATALOGUE: Catalogue = {
    "personal_data": lambda rule: PersonalData(),
    "secrets": lambda rule: Secrets(),
    "words": _words,
    "exfiltration": lambda rule: Exfiltration(rule.allowed_hosts if isinstance(rule, ExfiltrationRule) else ()),
    "length": _length,
    "prompt_leak": lambda rule: PromptLeak(),
    "refusal": lambda rule: Refusal(),
    "repetition": lambda rule: Repetition(),
    "structure": lambda rule: Structure(),
    "language": lambda rule: Language(cast(LanguageRule, rule).allowed),
    **slow_detectors(None),
}
