"""A policy: which detectors judge a prompt and a reply, and what happens on a finding. As operators write it."""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from guardrails.passage import Role

Action = Literal["block", "redact", "flag", "shadow"]
# From the weakest to the strongest.
ACTIONS: tuple[Action, ...] = ("shadow", "flag", "redact", "block")
Style = Literal["placeholder", "mask", "pseudonym"]
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


class NamesRule(Rule, frozen=True, kw_only=True):
    """Which of what the classifier of names can tell is looked for; without a word persons and addresses."""

    find: list[Literal["PERSON", "ADDRESS", "CITY"]] | None = None


class PromptRules(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The detectors for what the application sends."""

    personal_data: Action | Rule | None = None
    secrets: Action | Rule | None = None
    injection: Action | Rule | None = None
    toxicity: Action | Rule | None = None
    names: Action | NamesRule | None = None
    words: WordsRule | None = None
    length: LengthRule | None = None
    language: LanguageRule | None = None


class ReplyRules(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The detectors for what the model answers."""

    personal_data: Action | Rule | None = None
    secrets: Action | Rule | None = None
    injection: Action | Rule | None = None
    toxicity: Action | Rule | None = None
    words: WordsRule | None = None
    exfiltration: Action | ExfiltrationRule | None = None
    prompt_leak: Action | Rule | None = None
    refusal: Action | Rule | None = None
    repetition: Action | Rule | None = None
    structure: Action | Rule | None = None
    length: LengthRule | None = None
    language: LanguageRule | None = None


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
    """The rules that are set, by detector; an action alone is a rule of nothing else."""
    for name in side.__struct_fields__:
        written = getattr(side, name)
        if written is not None:
            yield name, written if isinstance(written, Rule) else Rule(action=written)
