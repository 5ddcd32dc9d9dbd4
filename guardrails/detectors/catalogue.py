"""The detectors of this release, by the name that a policy gives them."""

from functools import partial
from pathlib import Path
from typing import cast

from guardrails.bundled import folder_of
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
from guardrails.detectors.scored_injection import ScoredInjection
from guardrails.detectors.secrets.secrets import Secrets
from guardrails.detectors.structure import Structure
from guardrails.detectors.topics import Topics
from guardrails.detectors.toxicity import Toxicity
from guardrails.detectors.words import Words
from guardrails.policy import ExfiltrationRule, LanguageRule, LengthRule, Rule, TopicsRule, WordsRule
from guardrails.scores.fast import FastScores


def _words(rule: Rule) -> Words:
    written = cast(WordsRule, rule)
    return Words(written.deny, written.patterns, written.whole_words)


def _length(rule: Rule) -> Length:
    written = cast(LengthRule, rule)
    return Length(written.max_characters, written.max_words)


class Shared:
    """What is the same for all rules, and takes a while to make: made when it is first asked for."""

    def __init__(self, own_models: Path | None = None) -> None:
        self._own_models = own_models
        self._heuristics: Injection | None = None
        self._scores: FastScores | None = None

    def heuristics(self) -> Injection:
        self._heuristics = self._heuristics or Injection()
        return self._heuristics

    def scores(self) -> FastScores:
        """Raises ValueError where the model is not there."""
        try:
            self._scores = self._scores or FastScores(folder_of("fast", self._own_models))
        except OSError as error:
            raise ValueError(f"the model that scores texts cannot be read: {error}") from None
        return self._scores


def _injection(shared: Shared, reads: Reads | None, rule: Rule) -> Injection | ScoredInjection | SafetyInjection:
    if asks_transformer(rule):
        return SafetyInjection(shared.heuristics(), rule, reads)
    if getattr(rule, "tier", "fast") == "heuristics":
        return shared.heuristics()
    return ScoredInjection(shared.heuristics(), shared.scores())


def _toxicity(shared: Shared, reads: Reads | None, rule: Rule) -> Toxicity | SafetyToxicity:
    return SafetyToxicity(rule, reads) if asks_transformer(rule) else Toxicity(shared.scores())


def asks_transformer(rule: Rule) -> bool:
    """Whether it is the classifier process that judges, or has a say."""
    return getattr(rule, "tier", "") == "transformer"


def tiered_detectors(reads: Reads | None, shared: Shared) -> Catalogue:
    """Those that ask a classifier by ``reads``, always or by their rule's tier; without it they fail when they are
    asked."""
    return {
        "injection": partial(_injection, shared, reads),
        "toxicity": partial(_toxicity, shared, reads),
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
    **tiered_detectors(None, Shared()),
}
