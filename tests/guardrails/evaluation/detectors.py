"""A catalogue small enough to know by heart, and rows for it."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from guardrails.compiling import Catalogue
from guardrails.detectors.detector import Asked
from guardrails.evaluation.examiner import Examined, Examiner
from guardrails.evaluation.row import Row, Span
from guardrails.finding import Finding
from guardrails.guard import Side
from guardrails.passage import Passage, Role
from guardrails.patterns.pattern import Candidate, Pattern
from guardrails.policy import Policy, PromptRules, ReplyRules, Rule


class Mail:
    """Sure of addresses at .com, in doubt about those at .local."""

    name = "personal_data"
    patterns = (Pattern("EMAIL", r"\b[a-z]{1,8}@[a-z]{1,8}\.(?:com|local)\b",
                        check=lambda candidate: doubt(candidate)),)


def doubt(candidate: Candidate) -> float:
    return 0.3 if candidate.found.endswith(b"local") else 0.9


class Orders:
    """Reads a passage for orders; the more of them the surer."""

    name = "injection"
    labels = ("ORDER",)

    def read(self, passage: Passage) -> list[Finding]:
        count = passage.text.count("obey")
        return [Finding(self.name, "ORDER", 0, 0, min(1.0, 0.45 * count))] if count else []


class Keys:
    name = "secrets"
    patterns = (Pattern("KEY", r"\bkey-[0-9]{4}\b"),)


class Repeats:
    """Watches for a text of more than twenty characters."""

    name = "repetition"

    def watch(self, channel: str, asked: Asked) -> Watch:
        return Watch()


class Watch:
    def __init__(self) -> None:
        self.seen = 0

    def feed(self, piece: str, last: bool) -> list[Finding]:
        before, self.seen = self.seen, self.seen + len(piece)
        return [Finding("repetition", "LONG", 20, 20, 1.0)] if before <= 20 < self.seen else []


class Broken:
    name = "topics"

    def read(self, passage: Passage) -> list[Finding]:
        raise ZeroDivisionError


class Nothing:
    """Finds nothing."""

    name = "toxicity"

    def read(self, passage: Passage) -> list[Finding]:
        return []


def words(rule: Rule) -> object:
    if not getattr(rule, "deny", None):
        raise ValueError("deny is empty")
    return Keys()


CATALOGUE: Catalogue = {
    "personal_data": lambda rule: Mail(), "injection": lambda rule: Orders(), "secrets": lambda rule: Keys(),
    "repetition": lambda rule: Repeats(), "topics": lambda rule: Broken(), "words": words,
    "toxicity": lambda rule: Nothing()}

PLAIN = Policy(prompt=PromptRules(personal_data="redact", injection="flag", secrets="block"),
               reply=ReplyRules(personal_data="redact", secrets="block", repetition="flag"))


def ticking(step: int = 1000) -> Callable[[], int]:
    """A clock of which each look takes a microsecond."""
    ticks = itertools.count(0, step)
    return lambda: next(ticks)


def examiner(policy: Policy = PLAIN, side: Side = "prompt", name: str = "plain") -> Examiner:
    return Examiner(name, policy, side, CATALOGUE, ticking())


def row(text: str, positive: bool = True, *spans: tuple[int, int, str], role: Role = "user", source: str = "",
        number: int = 1) -> Row:
    known = tuple(Span(*span) for span in spans)
    return Row(number, text, positive, known if spans or not positive else None, role, source)


def examined(text: str, positive: bool = True, *spans: tuple[int, int, str], policy: Policy = PLAIN) -> Examined:
    return examiner(policy).examine(row(text, positive, *spans))
