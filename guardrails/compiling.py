"""Compiling: from a policy as it is written to guards that are ready to judge."""

from collections.abc import Callable, Iterator, Mapping

from guardrails.allowed import Allowed
from guardrails.detectors.description import labels_of
from guardrails.guard import Guard, Side, actions_of, guard_of
from guardrails.inspection import Guards, Inspector, Permits
from guardrails.policy import Policy, PromptRules, ReplyRules, Rule, SlowRule, rules_of
from guardrails.redaction import NameFinder

# Makes a detector by its rule; raises ValueError where the rule's settings cannot be used.
Make = Callable[[Rule], object]
Catalogue = Mapping[str, Make]


class Unavailable:
    """Stands in a catalogue for a detector that exists and cannot be used here; ``remedy`` says what would help. Where
    only some rules are meant, ``refuses`` tells which, and ``make`` makes the others."""

    def __init__(self, remedy: str, refuses: Callable[[Rule], bool] = lambda rule: True,
                 make: Make = lambda rule: None) -> None:
        self.remedy = remedy
        self.refuses = refuses
        self._make = make

    def __call__(self, rule: Rule) -> object:
        if self.refuses(rule):
            raise ValueError(self.remedy)
        return self._make(rule)


class Family:
    """Stands in a catalogue under ``FAMILY.*`` for all detectors ``FAMILY.NAME`` whose names operators give."""

    def __init__(self, named: Callable[[str], Make]) -> None:
        self.named = named

    def __call__(self, rule: Rule) -> object:
        raise ValueError("a detector of this kind has a name")


def maker_of(catalogue: Catalogue, name: str) -> Make | None:
    """Who makes the detector; None where there is none."""
    family, _, own = name.partition(".")
    whole = catalogue.get(f"{family}.*") if own else None
    return catalogue.get(name) or (whole.named(own) if isinstance(whole, Family) else None)


def refused_rules(policy: Policy, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """The detectors that the policy names and that are unavailable to its rules, each with what would help."""
    for name, rule in (*rules_of(policy.prompt), *rules_of(policy.reply)):
        make = maker_of(catalogue, name)
        if isinstance(make, Unavailable) and make.refuses(rule):
            yield name, make.remedy


class UnusableRule(ValueError):
    """A rule whose settings contradict what its detector can do. ``path`` leads to it within the policy."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason


def guards_of(name: str, policy: Policy, catalogue: Catalogue) -> Guards:
    """The guards of ``policy``; raises UnusableRule. Detectors that the catalogue lacks judge nothing: who loads the
    policy says so."""
    permits = permits_of(policy)
    prompt = made("prompt", policy.prompt, catalogue)
    pseudonymous = {label for guard, detector in prompt if guard.style == "pseudonym" for label in labels_of(detector)}
    return Guards(
        name=name,
        prompt=Inspector("prompt", prompt, permits),
        reply=Inspector("reply", made("reply", policy.reply, catalogue), permits, restored=sorted(pseudonymous)),
        blocks_on_error=policy.on_error == "block",
        deadline_seconds=policy.deadline_ms / 1000, names=NameFinder(pseudonymous) if pseudonymous else None)


def unusable_rules(policy: Policy, catalogue: Catalogue) -> Iterator[UnusableRule]:
    """Everything for which ``guards_of`` would not take the policy, not only the first."""
    try:
        permits_of(policy)
    except UnusableRule as error:
        yield error
    sides: tuple[tuple[Side, PromptRules | ReplyRules], ...] = (("prompt", policy.prompt), ("reply", policy.reply))
    for side, rules in sides:
        for name, rule in rules_of(rules):
            # Where a rule has no settings of its own nothing can be wrong with them: no detector is made to find out,
            # but of those that the operator has defined himself, which may not be fit for every action.
            told = type(rule) is not Rule or "." in name or isinstance(maker_of(catalogue, name), Unavailable)
            try:
                _detector(side, name, rule, catalogue if told else {})
            except UnusableRule as error:
                yield error


def missing_detectors(policy: Policy, catalogue: Catalogue) -> list[str]:
    """The paths of rules that judge nothing, because there is no such detector."""
    return [f"{side}.{name}" for side, rules in (("prompt", policy.prompt), ("reply", policy.reply))
            for name, _ in rules_of(rules) if maker_of(catalogue, name) is None]


def permits_of(policy: Policy) -> Permits | None:
    """What the policy lets be whatever finds it; None where nothing. Raises UnusableRule."""
    if not policy.allow and not policy.allow_patterns:
        return None
    try:
        return Allowed(policy.allow, policy.allow_patterns).permits
    except ValueError as error:
        raise UnusableRule("allow_patterns", str(error)) from None


def made(side: Side, rules: PromptRules | ReplyRules, catalogue: Catalogue) -> list[tuple[Guard, object]]:
    """The guards of a side, each with its detector; raises UnusableRule."""
    found: list[tuple[Guard, object]] = []
    for name, rule in rules_of(rules):
        detector = _detector(side, name, rule, catalogue)
        if detector is not None:
            found.append((guard_of(name, rule, getattr(detector, "counted", frozenset()), side), detector))
    return found


def _detector(side: Side, name: str, rule: Rule, catalogue: Catalogue) -> object | None:
    if side == "reply" and rule.style == "pseudonym":
        raise UnusableRule(f"{side}.{name}.style", "only what a prompt holds can be given back in the reply")
    misplaced = _misplaced(side, rule)
    if misplaced:
        raise UnusableRule(f"{side}.{name}.when", misplaced)
    make = maker_of(catalogue, name)
    try:
        return None if make is None else make(rule)
    except ValueError as error:
        raise UnusableRule(f"{side}.{name}", str(error)) from None


def _misplaced(side: Side, rule: Rule) -> str:
    """What a rule would do that cannot be done where it wants to run; empty where all can."""
    when = rule.when if isinstance(rule, SlowRule) else None
    actions = actions_of(rule)
    if when == "after" and actions & {"block", "redact"}:
        return "what is found after the fact can only be flagged or counted; to block or redact takes when: before"
    if when == "beside" and side == "reply":
        return "the text of a reply waits for its guards (before) or it does not (after); beside is for prompts"
    if when == "beside" and "redact" in actions:
        return "what is redacted has to be gone before the model is asked: when: before"
    return ""
