"""Which thresholds an evaluation advises, and the lines of a policy that say so."""

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Any

import msgspec
import yaml

from guardrails.evaluation.evaluation import Evaluation
from guardrails.evaluation.thresholds import Choice, choose
from guardrails.passage import Role
from guardrails.policy import RoleRule, Rule

Thresholds = Mapping[Role | None, float]


class ChosenFor(msgspec.Struct, frozen=True, kw_only=True):
    """A choice for one detector; ``role`` None: for all that is said."""

    detector: str
    role: Role | None
    choice: Choice


class PolicyLine(msgspec.Struct, frozen=True, kw_only=True):
    """A detector's rule with the thresholds for a rate. ``promised``: each of them is, and not only counted."""

    detector: str
    at_most: float
    promised: bool
    rule: str


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """By what was counted and by what can be promised, for each rate and each detector that found anything."""

    confidence: float
    choices: list[ChosenFor]
    lines: list[PolicyLine]


def advise(evaluation: Evaluation, rules: Mapping[str, Rule], rates: Sequence[float], confidence: float,
           by_role: bool) -> Advice:
    """``rules`` are the policy's own, by detector. ``by_role``: for the rows of each role by themselves."""
    choices: list[ChosenFor] = []
    lines: list[PolicyLine] = []
    for name in evaluation.detectors:
        for rate in rates:
            found = list(_choices(evaluation, name, rate, confidence, by_role))
            choices += found
            lines += _lines(name, rules[name], rate, found)
    return Advice(confidence=confidence, choices=choices, lines=lines)


def _choices(evaluation: Evaluation, name: str, rate: float, confidence: float, by_role: bool) -> Iterator[ChosenFor]:
    scores = evaluation.detectors[name].scores
    rankings: Mapping[Any, Any] = scores.by_role() if by_role else {None: scores.ranking()}
    for role, ranking in rankings.items():
        if any(step.score > 0 for step in ranking):
            for promised in (False, True):
                yield ChosenFor(detector=name, role=role, choice=choose(ranking, rate, confidence, promised))


def _lines(name: str, rule: Rule, rate: float, found: Sequence[ChosenFor]) -> Iterator[PolicyLine]:
    """What is promised takes the place of what is only counted: it comes later, for the same role."""
    best = {one.role: one.choice for one in found if one.choice.threshold is not None}
    thresholds = {role: choice.threshold for role, choice in best.items() if choice.threshold is not None}
    if thresholds:
        yield PolicyLine(detector=name, at_most=rate, promised=all(choice.promised for choice in best.values()),
                         rule=written(name, rule, thresholds))


def written(name: str, rule: Rule, thresholds: Thresholds) -> str:
    """The rule with thresholds by role, as it stands under a policy's side, such as
    ``injection: {action: flag, threshold: 0.83}``."""
    kept = {field.name: msgspec.to_builtins(getattr(rule, field.name)) for field in msgspec.structs.fields(rule)
            if field.required or getattr(rule, field.name) not in (None, field.default, [], {})}
    if None in thresholds:
        kept["threshold"] = thresholds[None]
    else:
        kept["roles"] = {**kept.get("roles", {}), **{
            str(role): _for_role(rule.roles.get(role), own) for role, own in thresholds.items() if role is not None}}
    place, _, own_name = name.partition(".")
    line = yaml.safe_dump({place: {own_name: kept} if own_name else kept}, default_flow_style=True, sort_keys=False,
                          width=inf)
    return line.strip()[1:-1]


def _for_role(rule: object, threshold: float) -> dict[str, object]:
    action = rule.action if isinstance(rule, RoleRule) else rule
    return {**({"action": action} if action is not None else {}), "threshold": threshold}
