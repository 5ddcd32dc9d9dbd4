"""A policy: which detectors judge a prompt and a reply, and what happens on a finding. As operators write it."""

from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from guardrails.passage import Role

Action = Literal["block", "redact", "flag", "shadow"]
# From the weakest to the strongest.
ACTIONS: tuple[Action, ...] = ("shadow", "flag", "redact", "block")
Style = Literal["placeholder", "mask", "pseudonym"]
# Where a guard that has to wait does so: before the model is asked, beside it, or after it.
When = Literal["before", "beside", "after"]
PLACES: tuple[When, ...] = ("before", "beside", "after")
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
DEFAULT_THRESHOLD = 0.5


class RoleRule(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is different for one role; ``off`` judges it not at all."""

    action: Action | Literal["off"] | None = None
    threshold: Share | None = None


class Rule(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One detector's action, from which score on.

    labels   the only labels that count; ``without`` leaves some out
    roles    what is different for passages of a role
    style    what a redaction puts in the place of what it takes: ``[EMAIL]``, asterisks of the same number, or a
             pseudonym such as ``<EMAIL_1>`` that the reply gets restored (prompt only)
    sample   the share of exchanges that are judged at all
    """

    action: Action
    threshold: Share | None = None
    labels: list[str] | None = None
    without: list[str] = []
    roles: dict[Role, Action | Literal["off"] | RoleRule] = {}
    style: Style = "placeholder"
    sample: Share = 1.0


class WordsRule(Rule, frozen=True, kw_only=True):
    """The operator's own words and regular expressions (of linear time, with a longest match)."""

    deny: list[str] = []
    patterns: list[str] = []
    whole_words: bool = True


class LengthRule(Rule, frozen=True, kw_only=True):
    """How long a text may be."""

    max_characters: Annotated[int, msgspec.Meta(gt=0)] | None = None
    max_words: Annotated[int, msgspec.Meta(gt=0)] | None = None


class LanguageRule(Rule, frozen=True, kw_only=True):
    """Which languages a text may be in, by ISO 639-1 codes."""

    allowed: list[str] = []


class ExfiltrationRule(Rule, frozen=True, kw_only=True):
    """To which hosts a reply's images and links may lead."""

    allowed_hosts: list[str] = []


class SlowRule(Rule, frozen=True, kw_only=True):
    """A detector that waits for a model in another process or on another server.

    when   before: the model is asked once it has judged; beside: the model is asked at once, and the first frame of
           its reply waits for the verdict; after: nothing waits, and it can only flag or count. Without a word it is
           ``before`` for a rule that redacts, else ``beside``.
           On a reply, before: its text waits, stretch by stretch; after: it is judged once it has ended. Without a word
           it is ``before`` for a rule that blocks or redacts, else ``after``.
    """

    when: When | None = None


class ToxicityRule(SlowRule, frozen=True, kw_only=True):
    """Which model scores: the small one in the worker, or the transformer in the classifier process."""

    tier: Literal["fast", "transformer"] = "fast"


class InjectionRule(SlowRule, frozen=True, kw_only=True):
    """What is asked beside the heuristics, if anything."""

    tier: Literal["heuristics", "fast", "transformer"] = "fast"


class TopicsRule(SlowRule, frozen=True, kw_only=True):
    """Topics that are not to be talked about: for each, some sentences that are typical of it."""

    deny: dict[str, list[str]] = {}


class ClassifierRule(SlowRule, frozen=True, kw_only=True):
    """What happens on the findings of a classifier that the settings load, by its name there."""


class GuardModelRule(SlowRule, frozen=True, kw_only=True):
    """What happens on the findings of a guard model that the routing document names."""


class NamesRule(SlowRule, frozen=True, kw_only=True):
    """Which of what the classifier of names can tell is looked for; without a word persons and addresses."""

    find: list[Literal["PERSON", "ADDRESS", "CITY"]] | None = None


class PromptRules(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The detectors for what the application sends."""

    personal_data: Action | Rule | None = None
    secrets: Action | Rule | None = None
    injection: Action | InjectionRule | None = None
    toxicity: Action | ToxicityRule | None = None
    topics: TopicsRule | None = None
    names: Action | NamesRule | None = None
    classifiers: dict[str, Action | ClassifierRule] = {}
    guard_models: dict[str, Action | GuardModelRule] = {}
    words: WordsRule | None = None
    length: LengthRule | None = None
    language: LanguageRule | None = None


class ReplyRules(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The detectors for what the model answers."""

    personal_data: Action | Rule | None = None
    secrets: Action | Rule | None = None
    injection: Action | Rule | None = None
    toxicity: Action | ToxicityRule | None = None
    classifiers: dict[str, Action | ClassifierRule] = {}
    guard_models: dict[str, Action | GuardModelRule] = {}
    words: WordsRule | None = None
    exfiltration: Action | ExfiltrationRule | None = None
    prompt_leak: Action | Rule | None = None
    refusal: Action | Rule | None = None
    repetition: Action | Rule | None = None
    structure: Action | Rule | None = None
    length: LengthRule | None = None
    language: LanguageRule | None = None


SideRules = TypeVar("SideRules", PromptRules, ReplyRules)


class Policy(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What guards do on each side, and what a guard that cannot decide means.

    allow        texts that are no finding, whoever finds them; ``allow_patterns`` the same as regular expressions
    deadline_ms  how long a guard may take before it counts as one that cannot decide
    """

    prompt: PromptRules = PromptRules()
    reply: ReplyRules = ReplyRules()
    on_error: Literal["block", "allow"] = "block"
    allow: list[str] = []
    allow_patterns: list[str] = []
    deadline_ms: Annotated[int, msgspec.Meta(gt=0)] = 2000


def rules_of(side: PromptRules | ReplyRules) -> Iterator[tuple[str, Rule]]:
    """The rules that are set, by detector; an action alone is a rule of nothing else. What an operator names himself
    has the name of its place: ``classifiers.NAME``."""
    for name in side.__struct_fields__:
        written = getattr(side, name)
        if isinstance(written, dict):
            for own, rule in written.items():
                yield f"{name}.{own}", _rule(rule)
        elif written is not None:
            yield name, _rule(written)


def with_rules(side: SideRules, change: Callable[[Rule], Rule]) -> SideRules:
    """The same side, each of its rules changed."""
    changed: dict[str, Any] = {}
    for name in side.__struct_fields__:
        written = getattr(side, name)
        if isinstance(written, dict):
            changed[name] = {own: change(_rule(rule)) for own, rule in written.items()}
        elif written is not None:
            changed[name] = change(_rule(written))
    return msgspec.structs.replace(side, **changed)


def only_rule(side: SideRules, name: str) -> SideRules:
    """The side with one of its rules, and no other."""
    field, _, own = name.partition(".")
    written = getattr(side, field)
    kept: dict[str, Any] = {field: {own: written[own]} if own else written}
    return type(side)(**kept)


def _rule(written: Action | Rule) -> Rule:
    return written if isinstance(written, Rule) else Rule(action=written)
