"""A policy: which detectors judge a prompt and a reply, and what happens on a finding."""

from typing import Annotated, Literal

import msgspec

Action = Literal["block", "redact", "flag", "shadow"]


class Rule(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One detector's action, from which score on."""

    action: Action
    threshold: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None


class Policy(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What guards do on each side, and what a guard that cannot decide means."""

    prompt: dict[str, Action | Rule] = {}
    reply: dict[str, Action | Rule] = {}
    on_error: Literal["block", "allow"] = "block"
