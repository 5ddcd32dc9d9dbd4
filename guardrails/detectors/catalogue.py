"""The detectors of this release, by the name that a policy gives them."""

from typing import cast

from guardrails.compiling import Catalogue
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
from guardrails.detectors.words import Words
from guardrails.policy import ExfiltrationRule, LanguageRule, LengthRule, Rule, WordsRule


def _words(rule: Rule) -> Words:
    written = cast(WordsRule, rule)
    return Words(written.deny, written.patterns, written.whole_words)


def _length(rule: Rule) -> Length:
    written = cast(LengthRule, rule)
    return Length(written.max_characters, written.max_words)


# A maker takes the rule, and raises ValueError where its settings cannot be used.
CATALOGUE: Catalogue = {
    "personal_data": lambda rule: PersonalData(),
    "secrets": lambda rule: Secrets(),
    "injection": lambda rule: Injection(),
    "names": Names,
    "words": _words,
    "exfiltration": lambda rule: Exfiltration(rule.allowed_hosts if isinstance(rule, ExfiltrationRule) else ()),
    "length": _length,
    "prompt_leak": lambda rule: PromptLeak(),
    "refusal": lambda rule: Refusal(),
    "repetition": lambda rule: Repetition(),
    "structure": lambda rule: Structure(),
    "language": lambda rule: Language(cast(LanguageRule, rule).allowed),
}
