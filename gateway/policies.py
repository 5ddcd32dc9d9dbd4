"""The policies of the live revision, compiled."""

from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from types import MappingProxyType

import msgspec

from gateway.guard_models import OwnDetector
from guardrails.compiling import Catalogue, Family, guards_of
from guardrails.inspection import Guards
from guardrails.moderation import Moderator, moderator_of
from guardrails.policy import Policy, Rule, rules_of

Key = tuple[str, bytes, tuple[bytes, ...]]  # a policy's name, the policy, and what it names of the revision's own
NONE: Mapping[str, OwnDetector] = MappingProxyType({})


class Policies:
    """Compiles each policy once: one that a new revision leaves as it was keeps its guards, and what they have warmed
    up."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = {name: make if isinstance(make, Family) else _made_once(make)
                           for name, make in catalogue.items()}
        self._compiled: dict[Key, Guards] = {}
        self._moderator: tuple[Key, Moderator] | None = None

    def compiled(self, policies: Mapping[str, Policy], names: Iterable[str],
                 own: Mapping[str, OwnDetector] = NONE) -> dict[str, Guards]:
        """The guards of those of ``policies`` that are named. ``own`` are the detectors that the revision itself
        defines. Those of earlier calls that are not named are forgotten."""
        keys = {name: _key(name, policies[name], own) for name in names}
        catalogue = self._with(own)
        self._compiled = {
            key: self._compiled.get(key) or guards_of(name, policies[name], catalogue)._replace(digest=_digest(key))
            for name, key in keys.items()}
        return {name: self._compiled[key] for name, key in keys.items()}

    def moderator(self, policy: Policy, own: Mapping[str, OwnDetector] = NONE) -> Moderator:
        """Who answers by ``policy``; the one of the last call where it was the same."""
        key = _key("", policy, own)
        if self._moderator is None or self._moderator[0] != key:
            self._moderator = key, moderator_of(policy, self._with(own))
        return self._moderator[1]

    def _with(self, own: Mapping[str, OwnDetector]) -> Catalogue:
        return {**self._catalogue, **{name: detector.make for name, detector in own.items()}}


def _key(name: str, policy: Policy, own: Mapping[str, OwnDetector]) -> Key:
    named = dict.fromkeys(rule for side in (policy.prompt, policy.reply) for rule, _ in rules_of(side) if rule in own)
    return name, msgspec.json.encode(policy), tuple(own[rule].definition for rule in named)


def _digest(key: Key) -> str:
    """SHA-256 in hexadecimal: the same for the same rules, whatever they are called."""
    _, policy, own = key
    return sha256(b"".join(b"%d:%b" % (len(part), part) for part in (policy, *own))).hexdigest()


def _made_once(make: Callable[[Rule], object]) -> Callable[[Rule], object]:
    """Detectors do not change: those that have no settings of their own are the same for all policies."""
    made: list[object] = []

    def make_once(rule: Rule) -> object:
        if type(rule) is not Rule:
            return make(rule)
        if not made:
            made.append(make(rule))
        return made[0]

    return make_once
