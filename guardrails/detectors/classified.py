"""Detectors that ask a classifier: what a model in another process says of a text is what they find."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from guardrails.classifiers.classifier import ClassifierAway, Span
from guardrails.classifiers.safety import CATEGORIES
from guardrails.classifiers.safety import NAME as SAFETY
from guardrails.detectors.injection.injection import Injection
from guardrails.finding import Finding
from guardrails.passage import Passage, Role
from guardrails.patterns.pattern import Pattern
from guardrails.policy import Rule

# A policy's deadline comes sooner; this one is for the classifier, should nobody tell it that it need not go on.
PATIENCE_SECONDS = 30.0


class Reads(Protocol):
    """Who reads texts with a classifier, such as a ClassifierClient."""

    async def read(self, classifier: str, texts: Sequence[str], seconds: float,
                   about: Mapping[str, list[str]] | None = None) -> list[list[Span]]: ...


class Asking:
    """Asks a classifier about the passages of roles that ``rule`` does not leave out, and that hold a letter."""

    def __init__(self, classifier: str, rule: Rule, reads: Reads | None) -> None:
        """Without ``reads`` it fails when it is asked."""
        self._classifier = classifier
        self._unread: frozenset[Role] = frozenset(role for role, written in rule.roles.items()
                                                  if "off" in (written, getattr(written, "action", None)))
        self._reads = reads

    async def spans(self, passages: Sequence[Passage],
                    about: Mapping[str, list[str]] | None = None) -> list[Sequence[Span]]:
        """What it found in each passage. Raises ClassifierAway, Overloaded, TimeoutError."""
        if self._reads is None:
            raise ClassifierAway("none is configured")
        asked = [number for number, passage in enumerate(passages) if self._is_read(passage)]
        found: list[Sequence[Span]] = [()] * len(passages)
        if asked:
            texts = [passages[number].text for number in asked]
            told = await self._reads.read(self._classifier, texts, PATIENCE_SECONDS, about)
            for number, spans in zip(asked, told, strict=True):
                found[number] = spans
        return found

    def _is_read(self, passage: Passage) -> bool:
        return passage.role not in self._unread and any(map(str.isalpha, passage.text))


class Classified:
    """Finds what ``classifier`` does, or of that only ``labels``. ``name`` is the guard's."""

    def __init__(self, name: str, classifier: str, rule: Rule, reads: Reads | None = None,
                 labels: Sequence[str] = ()) -> None:
        """Raises ValueError where pseudonyms are asked for and nobody says of what."""
        self.name = name
        self.labels = tuple(labels)
        self._asking = Asking(classifier, rule, reads)

    async def read_all(self, passages: Sequence[Passage]) -> Sequence[Sequence[Finding]]:
        return [[Finding(self.name, *span) for span in spans if not self.labels or span.label in self.labels]
                for spans in await self._asking.spans(passages)]


def classified(own: str, rule: Rule, reads: Reads | None = None) -> Classified:
    """The detector for the classifier that an operator names ``own``; raises ValueError where its rule asks for what
    cannot be done."""
    if rule.style == "pseudonym" and not rule.labels:
        raise ValueError("pseudonyms are given back by their labels: write labels: [...], those that are redacted")
    return Classified(f"classifiers.{own}", own, rule, reads, rule.labels or ())


class SafetyToxicity(Classified):
    """Toxicity as the transformer sees it, by category."""

    def __init__(self, rule: Rule, reads: Reads | None = None) -> None:
        super().__init__("toxicity", SAFETY, rule, reads, CATEGORIES)


class SafetyInjection:
    """The heuristics of ``Injection``, at once, and what the transformer says beside them."""

    name = Injection.name
    reach = Injection.reach
    labels = ("INJECTION",)

    def __init__(self, heuristics: Injection, rule: Rule, reads: Reads | None = None) -> None:
        self.patterns: Sequence[Pattern] = heuristics.patterns
        self.read = heuristics.read
        self._model = Classified(self.name, SAFETY, rule, reads, self.labels)

    async def read_all(self, passages: Sequence[Passage]) -> Sequence[Sequence[Finding]]:
        return await self._model.read_all(passages)
