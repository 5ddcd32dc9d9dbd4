"""The policies of the live revision, compiled."""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from guardrails.compiling import Catalogue, guards_of
from guardrails.inspection import Guards
from guardrails.moderation import Moderator, moderator_of
from guardrails.policy import Policy, Rule


class Policies:
    """Compiles each policy once: one that a new revision leaves as it was keeps its guards, and what they have warmed
    up."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = {name: _made_once(make) for name, make in catalogue.items()}
        self._compiled: dict[tuple[str, bytes], Guards] = {}
        self._moderator: tuple[bytes, Moderator] | None = None

    def compiled(self, policies: Mapping[str, Policy], names: Iterable[str]) -> dict[str, Guards]:
        """The guards of those of ``policies`` that are named. Those of earlier calls that are not are forgotten."""
        keys = {name: (name, msgspec.json.encode(policies[name])) for name in names}
        self._compiled = {
            key: self._compiled.get(key) or guards_of(name, policies[name], self._catalogue)
            for name, key in keys.items()}
        return {name: self._compiled[key] for name, key in keys.items()}

    def moderator(self, policy: Policy) -> Moderator:
        """Who answers by ``policy``; the one of the last call where it was the same."""
        key = msgspec.json.encode(policy)
        if self._moderator is None or self._moderator[0] != key:
            self._moderator = key, moderator_of(policy, self._catalogue)
        return self._moderator[1]


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
