"""Stretch judging: one text of a reply, cut into stretches, before those that judge them. No I/O.

Stretches are ruled on in order, each when all have told that may take something out of it. Who only flags is not waited
for; what he says counts once it is certain that the text went so far. So the verdict depends neither on the pieces in
which a text came nor on who was quicker.
"""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from guardrails.detectors.detector import SlowReader, StretchJudge
from guardrails.finding import Finding
from guardrails.guard import Guard
from guardrails.inspection import Inspector
from guardrails.opinions import Opinion, Opinions, Question, Told, legible
from guardrails.passage import Role
from guardrails.policy import Action
from guardrails.redaction import Edit, replacement
from guardrails.stretches import MOST_CHARACTERS, Stretch, Stretches
from guardrails.verdict import Decision, Failure, Verdict

ROLE: Role = "assistant"
MOST = 2000  # stretches of one reply that slow judges are asked about: some 200,000 characters
_BLOCK_CHARACTERS = 4096


class Ruling(NamedTuple):
    """What becomes of a stretch: the text ends before it, or it goes on, perhaps edited."""

    stretch: Stretch
    blocks: bool
    edit: Edit | None


class _Case(msgspec.Struct, eq=False):
    """A stretch, and what is or will be said of it."""

    stretch: Stretch
    opinions: list[tuple[Guard, Opinion]]

    @property
    def known(self) -> bool:
        return all(opinion.known for _, opinion in self.opinions)


class StretchJudging:
    """``holds`` tells whether the text has to wait for its rulings, ``ended`` whether no more of it comes."""

    __slots__ = ("_as_json", "_holding", "_inspector", "_opinions", "_place", "_stretches", "_telling", "_to_rule",
                 "_to_tell", "_told", "_verdict", "ended", "holds")

    def __init__(self, inspector: Inspector, verdict: Verdict, *, place: str, as_json: bool, lot: float,
                 opinions: Opinions | None, told: Told) -> None:
        """``told`` is called when a slow judge has told what he was asked by ``feed``."""
        self._inspector = inspector
        self._verdict = verdict
        self._place = place
        self._as_json = as_json
        self._opinions = opinions
        self._told = told
        self._holding, self._telling = inspector.judges_of_stretches(lot)
        self._stretches = Stretches()
        self._to_rule: deque[_Case] = deque()
        self._to_tell: list[_Case] = []
        self.holds = bool(self._holding)
        self.ended = False

    def feed(self, piece: str, last: bool) -> None:
        """Takes the next piece; ``last`` where no other follows."""
        self.ended = self.ended or last
        for stretch in self._stretches.feed(piece, last):
            if self._holding:
                self._to_rule.append(self._case(stretch, self._holding))
            if self._telling:
                self._to_tell.append(self._case(stretch, self._telling))

    def _case(self, stretch: Stretch, judges: Sequence[tuple[Guard, StretchJudge | SlowReader]]) -> _Case:
        return _Case(stretch, [(guard, self._opinion(guard, judge, stretch)) for guard, judge in judges])

    def _opinion(self, guard: Guard, judge: StretchJudge | SlowReader, stretch: Stretch) -> Opinion:
        if stretch.text.isspace():
            return Opinion(())
        if not isinstance(judge, SlowReader):
            return _judged(judge, stretch, self._as_json)
        if self._opinions is None:
            return Opinion(failure="error")
        return self._opinions.ask(guard, judge, Question(stretch, self._place, self._as_json), self._told)

    @property
    def judges(self) -> bool:
        """Whether anybody judges this text."""
        return bool(self._holding or self._telling)

    @property
    def ruled(self) -> bool:
        """Whether the next stretch can be ruled on."""
        return bool(self._to_rule) and self._to_rule[0].known

    @property
    def settled(self) -> bool:
        """Whether there is nothing more to be told."""
        return not self._to_rule and not self._to_tell

    @property
    def waits(self) -> bool:
        """Whether some stretch is still to be ruled on."""
        return bool(self._to_rule)

    def rule(self) -> Ruling:
        """What becomes of the next stretch."""
        case = self._to_rule.popleft()
        decided = [one for guard, opinion in case.opinions for one in self._weighed(guard, opinion, case.stretch)]
        redacted = [(guard, finding) for guard, finding, action in decided if action == "redact"]
        return Ruling(case.stretch, any(action == "block" for _, _, action in decided),
                      _edit(case.stretch, redacted) if redacted else None)

    def tell(self, decided: int, ends_at: int | None) -> None:
        """Counts what was said of stretches up to ``decided`` bytes; of what comes after the end nothing counts."""
        waiting: list[_Case] = []
        for case in self._to_tell:
            if ends_at is not None and case.stretch.start >= ends_at:
                continue
            certain = case.stretch.end if ends_at is None else min(case.stretch.end, ends_at)
            if not case.known or decided < certain:
                waiting.append(case)
                continue
            for guard, opinion in case.opinions:
                self._weighed(guard, opinion, case.stretch)
        self._to_tell = waiting

    def end(self) -> None:
        """The text has ended before its end: what was not ruled on is not said."""
        self._to_rule.clear()
        self.ended = True

    def _weighed(self, guard: Guard, opinion: Opinion, stretch: Stretch) -> list[tuple[Guard, Finding, Action]]:
        """Adds what counts of an opinion to the verdict."""
        if opinion.failure:
            self._verdict.fail(Failure(guard.name, self._inspector.side, opinion.failure))
        found: list[tuple[Guard, Finding, Action]] = []
        for finding in opinion.findings or ():
            placed = self._placed(finding, stretch)
            action = self._inspector.weighed(guard, placed, ROLE, stretch.text[finding.start : finding.end])
            if action == "redact" and self._as_json:
                action = "block"  # what stands for a stretch of JSON would be none
            if action is not None:
                self._verdict.add(Decision(placed, action, self._inspector.side, self._place))
                found.append((guard, placed, action))
        return found

    def _placed(self, finding: Finding, stretch: Stretch) -> Finding:
        """At its place in the whole text. In JSON, whose escapes were read, that is the whole stretch."""
        start, end = finding[2:4]
        if self._as_json or end == 0:
            start, end = 0, len(stretch.text)
        return finding._replace(start=stretch.characters + start, end=stretch.characters + end)


def _judged(judge: StretchJudge, stretch: Stretch, as_json: bool) -> Opinion:
    try:
        return Opinion(judge.judge(legible(stretch.context, as_json), legible(stretch.text, as_json)))
    except Exception:  # a detector's bug is the policy's business: it says what such a guard means
        return Opinion(failure="error")


def _edit(stretch: Stretch, redacted: Sequence[tuple[Guard, Finding]]) -> Edit:
    """All of the stretch is taken out but the blanks around it, under the name of the surest."""
    guard, finding = max(redacted, key=lambda one: one[1].score)
    text = stretch.text.strip()
    start = stretch.start + len(stretch.text[: stretch.text.index(text)].encode())
    data = text.encode()
    return Edit(start, start + len(data), replacement(guard.style, finding.label, data, None))


def ask_all(inspector: Inspector, text: str, *, place: str, as_json: bool, lot: float, opinions: Opinions) -> None:
    """Asks the slow judges about the stretches of a text that is there as a whole, for whoever judges it afterwards;
    about no more than they would take of any text."""
    judging = StretchJudging(inspector, Verdict(), place=place, as_json=as_json, lot=lot, opinions=opinions,
                             told=lambda: None)
    for start in range(0, min(len(text), MOST * MOST_CHARACTERS), _BLOCK_CHARACTERS):
        judging.feed(text[start : start + _BLOCK_CHARACTERS], start + _BLOCK_CHARACTERS >= len(text))
