"""A guard: a detector's rule, made quick to ask."""

import math
from collections.abc import Mapping
from typing import Literal

import msgspec

from guardrails.passage import ROLES, Role
from guardrails.policy import DEFAULT_THRESHOLD, Action, RoleRule, Rule, SlowRule, Style, When

Side = Literal["prompt", "reply"]
# What a tool returned and what a document says is nobody's wish: with no threshold written, less is believed of it.
STRICT_ROLES: frozenset[Role] = frozenset({"tool", "document"})
STRICT_THRESHOLD = 0.4


class Guard(msgspec.Struct, frozen=True, eq=False):
    """What is done about the findings of one detector, by role: an action, and from which score on. ``when`` is where
    it runs, if its detector is slow."""

    name: str
    actions: Mapping[Role, tuple[Action, float]]
    labels: frozenset[str] | None
    without: frozenset[str]
    style: Style
    sample: float
    counted: frozenset[str] = frozenset()  # labels that are only counted
    when: When = "before"

    def action(self, role: Role, label: str, score: float) -> Action | None:
        """What happens on such a finding; None where it does not count."""
        action, threshold = self.actions.get(role, _NEVER)
        if score < threshold or label in self.without or (self.labels is not None and label not in self.labels):
            return None
        return "shadow" if label in self.counted else action

    def judges(self, lot: float) -> bool:
        """Whether it judges the exchange that drew ``lot``, from [0, 1)."""
        return lot < self.sample


_NEVER: tuple[Action, float] = ("shadow", math.inf)


def guard_of(name: str, rule: Rule, counted: frozenset[str] = frozenset(), side: Side = "prompt") -> Guard:
    """The guard that ``rule`` asks for. ``counted`` are labels that it acts on only where the rule names them."""
    written = {role: _rule_for(rule, role) for role in ROLES}
    return Guard(name=name, actions={role: found for role, found in written.items() if found is not None},
                 labels=None if rule.labels is None else frozenset(rule.labels), without=frozenset(rule.without),
                 style=rule.style, sample=rule.sample, counted=counted if rule.labels is None else frozenset(),
                 when=place_of(rule, side))


def place_of(rule: Rule, side: Side) -> When:
    """Where a slow detector runs: where the rule says; else where it has to. What is redacted has to be gone before the
    model is asked; of a reply, text that may be taken out has to wait, and no other."""
    if isinstance(rule, SlowRule) and rule.when is not None:
        return rule.when
    actions = actions_of(rule)
    if side == "prompt":
        return "before" if "redact" in actions else "beside"
    return "before" if actions & {"redact", "block"} else "after"


def actions_of(rule: Rule) -> frozenset[Action]:
    """All that the rule may do, whoever speaks."""
    return frozenset(found[0] for role in ROLES if (found := _rule_for(rule, role)) is not None)


def _rule_for(rule: Rule, role: Role) -> tuple[Action, float] | None:
    written = rule.roles.get(role)
    own = written if isinstance(written, RoleRule) else RoleRule(action=written)
    if own.action == "off":
        return None
    return own.action or rule.action, _threshold(own, rule, role)


def _threshold(own: RoleRule, rule: Rule, role: Role) -> float:
    for written in (own.threshold, rule.threshold):
        if written is not None:
            return written
    return STRICT_THRESHOLD if role in STRICT_ROLES else DEFAULT_THRESHOLD
