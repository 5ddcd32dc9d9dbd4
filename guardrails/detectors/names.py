"""Names and addresses: what no pattern can find, read by a model in another process."""

from collections.abc import Sequence
from typing import Protocol

from guardrails.classifiers.classifier import ClassifierAway, Span
from guardrails.classifiers.word import ADDRESS, PERSON
from guardrails.finding import Finding
from guardrails.passage import Passage
from guardrails.policy import NamesRule, Rule

NAME = "names"
FOUND = (PERSON, ADDRESS)
# A policy's deadline comes sooner; this one is for the classifier, should nobody tell it that it need not go on.
PATIENCE_SECONDS = 30.0
NONE_CONFIGURED = ("a classifier process reads names, and none is configured; "
                   "in gatewright.yaml set classifiers: 1")


class Reads(Protocol):
    """Who reads texts with a classifier, such as a ClassifierClient."""

    async def read(self, classifier: str, texts: Sequence[str], seconds: float) -> list[list[Span]]: ...


class Names:
    """Finds persons and addresses, and places on request. Without ``reads`` it can be checked, and fails when it is
    asked."""

    name = NAME

    def __init__(self, rule: Rule, reads: Reads | None = None) -> None:
        # An action alone has no settings.
        own = rule if isinstance(rule, NamesRule) else NamesRule(action=rule.action)
        self.labels: tuple[str, ...] = tuple(FOUND if own.find is None else own.find)
        self._unread = frozenset(role for role, written in own.roles.items()
                                 if "off" in (written, getattr(written, "action", None)))
        self._reads = reads

    async def read_all(self, passages: Sequence[Passage]) -> Sequence[Sequence[Finding]]:
        if self._reads is None:
            raise ClassifierAway("none is configured")
        asked = [number for number, passage in enumerate(passages) if self._is_read(passage)]
        found: list[Sequence[Finding]] = [()] * len(passages)
        if asked:
            told = await self._reads.read(NAME, [passages[number].text for number in asked], PATIENCE_SECONDS)
            for number, spans in zip(asked, told, strict=True):
                found[number] = self._findings(spans)
        return found

    def _is_read(self, passage: Passage) -> bool:
        return passage.role not in self._unread and any(map(str.isalpha, passage.text))

    def _findings(self, spans: Sequence[Span]) -> list[Finding]:
        return [Finding(NAME, *span) for span in spans if span.label in self.labels]
