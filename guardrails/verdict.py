"""A verdict: what the guards of one side have found in one exchange, and what follows from it."""

from collections import Counter
from typing import NamedTuple

from guardrails.finding import Finding
from guardrails.guard import Side
from guardrails.policy import ACTIONS, Action


class Decision(NamedTuple):
    """What was done about a finding. ``place`` is the passage it was found in."""

    finding: Finding
    action: Action
    side: Side
    place: str


class Failure(NamedTuple):
    """A guard that could not decide: it raised, took too long, had no room, or was given what it cannot read.
    ``reason`` is one of error, timeout, overloaded, unreadable, cancelled (the gateway was shut down meanwhile)."""

    guard: str
    side: Side
    reason: str


class Verdict:
    """Grows while a side is judged. Invariant: ``blocking`` is the first decision to block, and none replaces it.

    counts   of all decisions, by side, detector and action
    limit    how many decisions are kept; more are only counted
    """

    __slots__ = ("blocking", "counts", "decisions", "failures", "limit")

    def __init__(self, limit: int | None = None) -> None:
        self.decisions: list[Decision] = []
        self.counts: Counter[tuple[Side, str, Action]] = Counter()
        self.limit = limit
        self.failures: list[Failure] = []
        self.blocking: Decision | None = None

    def __repr__(self) -> str:
        told = ", ".join(f"{decision.action} {decision.finding.detector}:{decision.finding.label}"
                         for decision in self.decisions)
        return f"<Verdict {self.action or 'nothing found'}{': ' if told else ''}{told}>"

    def add(self, decision: Decision) -> None:
        key = decision.side, decision.finding.detector, decision.action
        self.counts[key] = self.counts.get(key, 0) + 1
        if self.limit is None or len(self.decisions) < self.limit:
            self.decisions.append(decision)
        if decision.action == "block" and self.blocking is None:
            self.blocking = decision

    def take(self, other: "Verdict") -> None:
        """Takes over what another verdict came to."""
        room = len(other.decisions) if self.limit is None else max(0, self.limit - len(self.decisions))
        self.decisions.extend(other.decisions[:room])
        self.counts.update(other.counts)
        for failure in other.failures:
            self.fail(failure)
        self.blocking = self.blocking or other.blocking

    def only(self, guard: str) -> "Verdict":
        """What one guard came to of it."""
        own = Verdict()
        own.decisions = [one for one in self.decisions if one.finding.detector == guard]
        own.counts.update({key: count for key, count in self.counts.items() if key[1] == guard})
        own.failures = [failure for failure in self.failures if failure.guard == guard]
        own.blocking = next((one for one in own.decisions if one.action == "block"), None)
        return own

    def block_at(self, place: str) -> None:
        """What was to be redacted there cannot be: it blocks."""
        for index, decision in enumerate(self.decisions):
            if decision.place == place and decision.action == "redact":
                self.decisions[index] = decision._replace(action="block")
                self.counts[decision.side, decision.finding.detector, "redact"] -= 1
                self.counts[decision.side, decision.finding.detector, "block"] += 1
                self.blocking = self.blocking or self.decisions[index]

    def fail(self, failure: Failure) -> None:
        """Notes that a guard could not decide; once for each guard and reason."""
        if failure not in self.failures:
            self.failures.append(failure)

    @property
    def action(self) -> Action | None:
        """The strongest that was decided."""
        return max((action for _, _, action in +self.counts), key=ACTIONS.index, default=None)
