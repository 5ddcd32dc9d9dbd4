"""A guard model as a detector: the conversation is put to it in its own words, and what it answers are findings."""

import difflib
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Protocol

from guardrails.detectors.detector import Overloaded
from guardrails.finding import Finding
from guardrails.guard_models.conversation import Subject, subjects_of
from guardrails.guard_models.definition import GuardModelDocument
from guardrails.guard_models.format import Format
from guardrails.guard_models.formats import format_of
from guardrails.guard_models.question import Found, Question
from guardrails.passage import Passage, Role
from guardrails.policy import RoleRule, Rule

if TYPE_CHECKING:
    pass

PREFIX = "guard_models"
MAX_QUESTIONS = 32  # about one request: more text than that is too much to be judged
_LEAST = 0.001  # a score below that says nothing
_UNASKED: frozenset[Role] = frozenset({"system", "definition"})


class GuardModelAway(Exception):
    """There is nobody to ask."""


class Asks(Protocol):
    """Who puts a question to the servers of a guard model. Raises whatever kept it from an answer."""

    async def ask(self, question: Question) -> Sequence[Found]: ...


class GuardModel:
    """Judges what ``guardrails.guard_models.conversation`` picks from the passages. Findings are about the whole of a
    text, and stand at the passage that the judged turn ends with. Without ``asks`` it can be checked, and fails when it
    is asked.

    What the system message and definitions say is the application's own, and full of what is not to be done: it is
    judged where the rule's ``roles`` name it.
    """

    def __init__(self, name: str, definition: GuardModelDocument, rule: Rule, asks: Asks | None = None) -> None:
        """Raises ValueError where the rule's settings cannot be used."""
        self.name = f"{PREFIX}.{name}"
        self._format = format_of(definition)
        self.labels = self._format.labels
        self._limit = definition.max_characters
        self._asks = asks
        self._off = {role for role, written in rule.roles.items() if _is_off(written)}
        self._unread = _UNASKED - rule.roles.keys() | self._off
        _check(rule, self.labels)

    async def read_all(self, passages: Sequence[Passage]) -> Sequence[Sequence[Finding]]:
        if self._asks is None:
            raise GuardModelAway("it is not asked here")
        subjects = self._subjects(passages)
        if len(subjects) * self._format.asks > MAX_QUESTIONS:
            raise Overloaded
        found: list[dict[str, float]] = [{} for _ in passages]
        for subject, answers in zip(subjects, await _all(self._asks, self._format, subjects), strict=True):
            known = found[subject.place]
            for label, score in answers:
                known[label] = max(score, known.get(label, 0.0))
        return [[Finding(self.name, label, 0, 0, score) for label, score in one.items() if score >= _LEAST]
                for one in found]

    def _subjects(self, passages: Sequence[Passage]) -> list[Subject]:
        found = subjects_of(passages, lambda role: role not in self._unread, self._limit)
        if found or "system" in self._off:
            return found
        # Where nobody else speaks, the system message is what the model answers to.
        return subjects_of(passages, lambda role: role == "system", self._limit)


async def _all(asks: Asks, form: Format, subjects: Iterable[Subject]) -> list[list[Found]]:
    """What is found in each subject. A question without an answer ends the others; its error is raised as it is."""
    import asyncio  # the supervisor checks rules with this module, and has no loop

    asked: list[list[asyncio.Future[Sequence[Found]]]] = []
    try:
        for subject in subjects:
            asked.append([asyncio.ensure_future(asks.ask(question)) for question in form.questions(subject)])
            await asyncio.sleep(0)  # a prompt takes a while to write: others have their turn in between
        await asyncio.gather(*chain(*asked))
        return [[found for answer in answers for found in answer.result()] for answers in asked]
    finally:
        for one in chain(*asked):
            one.cancel()
        await asyncio.gather(*chain(*asked), return_exceptions=True)


def _is_off(written: object) -> bool:
    return "off" in (written, getattr(written, "action", None))


def _check(rule: Rule, labels: Sequence[str]) -> None:
    actions = [rule.action, *(written.action if isinstance(written, RoleRule) else written
                              for written in rule.roles.values())]
    if "redact" in actions:
        raise ValueError("it judges a conversation as a whole: it can block, flag or count, and redact nothing")
    for label in (*(rule.labels or ()), *rule.without):
        if label not in labels:
            close = difflib.get_close_matches(label, labels, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise ValueError(f"{label!r} is none of its labels ({', '.join(labels)}){hint}")
