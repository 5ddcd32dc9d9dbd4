"""Detectors that ask a classifier: what a model in another process says of a text is what they find."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from guardrails.classifiers.classifier import ClassifierAway, Span
from guardrails.classifiers.safety import NAME as SAFETY
from guardrails.classifiers.safety import TOXICITY
from guardrails.detectors.injection.injection import Injection
from guardrails.finding import Finding
from guardrails.passage import ROLES, Passage, Role
from guardrails.patterns.pattern import Pattern
from guardrails.policy import Rule
from guardrails.scores.scores import INJECTION

# A policy's deadline comes sooner; this one is for the classifier, should nobody tell it that it need not go on.
PATIENCE_SECONDS = 30.0


class Reads(Protocol):
    """Who reads texts with a classifier, such as a ClassifierClient."""

    async def read(self, classifier: str, texts: Sequence[str], seconds: float,
                   about: Mapping[str, list[str]] | None = None) -> list[list[Span]]: ...


class Asking:
    """Asks a classifier about the passages that hold a letter, of ``roles`` that ``rule`` does not leave out."""

    def __init__(self, classifier: str, rule: Rule, reads: Reads | None, roles: Collection[Role] = ROLES) -> None:
        """Without ``reads`` it fails when it is asked."""
        self._classifier = classifier
        self._read = {role for role in roles if not _is_off(rule.roles.get(role))}
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
        return passage.role in self._read and any(map(str.isalpha, passage.text))


def _is_off(written: object) -> bool:
    return "off" in (written, getattr(written, "action", None))


class Classified:
    """Finds what ``classifier`` does, or of that only ``labels``. ``name`` is the guard's."""

    def __init__(self, name: str, classifier: str, rule: Rule, reads: Reads | None = None,
                 labels: Sequence[str] = (), roles: Collection[Role] = ROLES) -> None:
        self.name = name
        self.labels = tuple(labels)
        self._asking = Asking(classifier, rule, reads, roles)

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
    """Toxicity as the transformer sees it, by category. Of the application's own words it is not asked."""

    def __init__(self, rule: Rule, reads: Reads | None = None) -> None:
        super().__init__("toxicity", SAFETY, rule, reads, TOXICITY, ("user", "assistant", "tool", "document"))


class SafetyInjection:
    """The heuristics of ``Injection``, at once, and what the transformer says beside them: of what others than the
    application may have written."""

    name = Injection.name
    reach = Injection.reach
    labels = (INJECTION,)

    def __init__(self, heuristics: Injection, rule: Rule, reads: Reads | None = None) -> None:
        self.patterns: Sequence[Pattern] = heuristics.patterns
        self.read = heuristics.read
        self._model = Classified(self.name, SAFETY, rule, reads, self.labels, ("user", "tool", "document"))

    async def read_all(self, passages: Sequence[Passage]) -> Sequence[Sequence[Finding]]:
        return await self._model.read_all(passages)
