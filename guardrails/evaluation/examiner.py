"""Examination: one row judged by one side of a policy, with what it acts on and what it would with other thresholds."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from guardrails.compiling import Catalogue, guards_of, maker_of
from guardrails.detectors.description import labels_of
from guardrails.detectors.detector import Asked, SlowReader
from guardrails.evaluation.row import Row
from guardrails.finding import Finding
from guardrails.guard import Guard, Side
from guardrails.inspection import Guards, Inspector, merged
from guardrails.opinions import Gathered
from guardrails.passage import Passage, Role
from guardrails.policy import Action, Policy, RoleRule, Rule, only_rule, rules_of, with_rules
from guardrails.redaction import Edit, Pseudonyms, edited
from guardrails.stream import GuardedText, whole
from guardrails.stretch_judging import ROLE, ask_all
from guardrails.verdict import Failure, Verdict

Clock = Callable[[], int]  # nanoseconds; only differences count


class Seen(NamedTuple):
    """A finding and what the policy does about it: None where the score is under its threshold."""

    finding: Finding
    action: Action | None


class Examined(NamedTuple):
    """What came out for one row.

    action    the strongest that was taken; None where the text passed as if there were no guards
    failures  of guards that raised: they have judged nothing
    refused   whether the policy declines because of them
    """

    row: Row
    seen: tuple[Seen, ...]
    action: Action | None
    failures: tuple[Failure, ...]
    refused: bool
    nanoseconds: int

    def scores(self) -> dict[str, float]:
        """By detector its highest score, under its threshold or not."""
        found: dict[str, float] = {}
        for finding, _ in self.seen:
            found[finding.detector] = max(found.get(finding.detector, 0.0), finding.score)
        return found


class Judged(NamedTuple):
    """A text after a side has judged it, and how it reads then."""

    verdict: Verdict
    text: str


class Examiner:
    """One side of a policy, ready to examine rows. Immutable.

    Two inspectors judge each row: the policy's own, which is timed and whose word counts, and one whose guards only
    count and have no thresholds.
    """

    def __init__(self, name: str, policy: Policy, side: Side, catalogue: Catalogue, clock: Clock) -> None:
        """Raises UnusableRule where a rule cannot be used."""
        self.name, self.side = name, side
        makers = {detector: maker_of(catalogue, detector) for detector, _ in rules_of(getattr(policy, side))}
        self.rules: Mapping[str, Rule] = {
            detector: rule for detector, rule in rules_of(getattr(policy, side)) if makers[detector]}
        self._clock = clock
        self._own = guards_of(name, policy, catalogue)
        self.labels = {detector: _looked_for(rule, make(rule)) for detector, rule in self.rules.items()
                       if (make := makers[detector])}
        self._open = guards_of(name, without_thresholds(policy), catalogue)
        self._alone = {detector: guards_of(name, only(policy, side, detector), catalogue) for detector in self.rules}
        self._guards: dict[str, Guard] = {guard.name: guard for guard in _side(self._own, side).guards}

    def examine(self, row: Row) -> Examined:
        passage = Passage(row.text, row.role)
        own, nanoseconds = self._timed(self._own, passage)
        everything = judge(self._open, self.side, passage).verdict
        return Examined(row, self._seen(own, everything, self._role(row)), own.action, tuple(own.failures),
                        self._own.refuses(own.failures), nanoseconds)

    def time_alone(self, row: Row) -> dict[str, int]:
        """Nanoseconds that each detector takes for ``row`` where it is the only one."""
        passage = Passage(row.text, row.role)
        return {detector: self._timed(guards, passage)[1] for detector, guards in self._alone.items()}

    def _timed(self, guards: Guards, passage: Passage) -> tuple[Verdict, int]:
        """Judges twice and times the second: automata grow with the text that they see, and those of a service that
        runs have seen much."""
        judge(guards, self.side, passage)
        before = self._clock()
        judged = judge(guards, self.side, passage)
        return judged.verdict, self._clock() - before

    def judge(self, text: str, role: Role) -> Judged:
        """What the policy makes of ``text``."""
        return judge(self._own, self.side, Passage(text, role))

    def _role(self, row: Row) -> Role:
        return row.role if self.side == "prompt" else ROLE

    def _seen(self, own: Verdict, everything: Verdict, role: Role) -> tuple[Seen, ...]:
        """All findings. Those that the policy decided about keep its decision; in a reply that it ended, the ones
        behind the end have what it would have done."""
        found = {decision.finding: decision.action for decision in own.decisions}
        known = {finding[:4] for finding in found}
        seen = [Seen(finding, action) for finding, action in found.items()]
        for decision in everything.decisions:
            finding = decision.finding
            if finding[:4] not in known:
                seen.append(Seen(finding, self._guards[finding.detector].action(role, finding.label, finding.score)))
        return tuple(sorted(seen, key=lambda one: (one.finding.start, one.finding.end, one.finding.detector)))


def judge(guards: Guards, side: Side, passage: Passage) -> Judged:
    """Judges a text that came whole, as a part of a prompt or as a reply's content."""
    verdict, data, inspector = Verdict(), passage.text.encode(), _side(guards, side)
    if side == "prompt":
        pseudonyms = guards.pseudonyms_for([passage.text])
        edits = inspector.inspect(passage, 0.0, verdict, pseudonyms)
        if inspector.slow:
            edits = merged([*edits, *asyncio.run(_read_slowly(
                inspector, inspector.slow, passage, verdict, pseudonyms))])
        return Judged(verdict, edited(data, 0, edits).decode())
    opinions = Gathered()
    if inspector.slow_at["before"]:
        ask_all(inspector, passage.text, place="", as_json=False, lot=0.0, opinions=opinions)
        asyncio.run(opinions.gather())
    text = GuardedText(inspector, verdict, place="", channel="content", asked=Asked(), lot=0.0, pseudonyms=None,
                       opinions=opinions)
    judged = whole(text, data).decode()
    if inspector.slow_at["after"]:
        asyncio.run(_read_slowly(inspector, inspector.slow_at["after"], Passage(passage.text, ROLE), verdict, None))
    return Judged(verdict, judged)


async def _read_slowly(inspector: Inspector, readers: Sequence[tuple[Guard, SlowReader]], passage: Passage,
                       verdict: Verdict, pseudonyms: Pseudonyms | None) -> list[Edit]:
    """One after the other, and for as long as they take: there is no deadline here."""
    edits: list[Edit] = []
    for guard, reader in readers:
        try:
            [found] = await reader.read_all([passage])
        except Exception:  # told as a request's would be
            verdict.fail(Failure(guard.name, inspector.side, "error"))
        else:
            inspector.decide(guard, found, passage, verdict, edits, pseudonyms)
    return edits


def _side(guards: Guards, side: Side) -> Inspector:
    return guards.prompt if side == "prompt" else guards.reply


def _looked_for(rule: Rule, detector: object) -> list[str]:
    """The labels that count, of those that the detector can give."""
    return [label for label in labels_of(detector)
            if label not in rule.without and (rule.labels is None or label in rule.labels)]


def without_thresholds(policy: Policy) -> Policy:
    """The policy with every finding counted and nothing done; what a role is not judged for stays so."""
    return msgspec.structs.replace(
        policy, prompt=with_rules(policy.prompt, _counting), reply=with_rules(policy.reply, _counting))


def _counting(rule: Rule) -> Rule:
    unjudged = {role: own for role, own in rule.roles.items()
                if own == "off" or (isinstance(own, RoleRule) and own.action == "off")}
    return msgspec.structs.replace(rule, action="shadow", threshold=0.0, roles=unjudged, sample=1.0)


def only(policy: Policy, side: Side, detector: str) -> Policy:
    """The policy with one detector on one side, and no other."""
    return msgspec.structs.replace(policy, **{side: only_rule(getattr(policy, side), detector)})
