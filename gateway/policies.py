"""The policies of the live revision, compiled."""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from guardrails.compiling import Catalogue, Family, guards_of
from guardrails.inspection import Guards
from guardrails.policy import Policy, Rule


class Policies:
    """Compiles each policy once: one that a new revision leaves as it was keeps its guards, and what they have warmed
    up."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = {name: make if isinstance(make, Family) else _made_once(make)
                           for name, make in catalogue.items()}
        self._compiled: dict[tuple[str, bytes], Guards] = {}

    def compiled(self, policies: Mapping[str, Policy], names: Iterable[str]) -> dict[str, Guards]:
        """The guards of those of ``policies`` that are named. Those of earlier calls that are not are forgotten."""
        keys = {name: (name, msgspec.json.encode(policies[name])) for name in names}
        self._compiled = {
            key: self._compiled.get(key) or guards_of(name, policies[name], self._catalogue)
            for name, key in keys.items()}
        return {name: self._compiled[key] for name, key in keys.items()}


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
