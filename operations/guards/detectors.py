"""The detectors there are, as they are told to an operator."""

from collections.abc import Iterator
from typing import get_args, get_type_hints

import msgspec

from guardrails.compiling import Catalogue
from guardrails.detectors.description import Kind, kinds_of, labels_of
from guardrails.guard import Side
from guardrails.policy import PromptRules, ReplyRules, Rule

_SIDES: tuple[tuple[Side, type[PromptRules | ReplyRules]], ...] = (("prompt", PromptRules), ("reply", ReplyRules))


class DetectorDescription(msgspec.Struct, frozen=True):
    """``labels`` are those that it can give without settings; ``settings`` what only its rule has."""

    name: str
    kinds: list[Kind]
    sides: list[Side]
    labels: list[str]
    settings: list[str]


def described(catalogue: Catalogue) -> list[DetectorDescription]:
    """All of them, by name; of those that operators name the kind, as ``classifiers.*``."""
    return [_described(name, catalogue) for name in sorted(catalogue)]


def _described(name: str, catalogue: Catalogue) -> DetectorDescription:
    field = name.partition(".")[0]
    sides = [side for side, kind in _SIDES if field in kind.__struct_fields__]
    rule = next((_rule_type(kind, field) for side, kind in _SIDES if side in sides), Rule)
    settings = [field for field in rule.__struct_fields__ if field not in Rule.__struct_fields__]
    try:
        detector = catalogue[name](rule(action="flag"))
    except ValueError:  # it can do nothing without its settings
        return DetectorDescription(name, [], sides, [], settings)
    return DetectorDescription(name, kinds_of(detector), sides, labels_of(detector), settings)


def _rule_type(rules: type[PromptRules | ReplyRules], name: str) -> type[Rule]:
    """What a side's document takes for the detector: the most particular of what it may be."""
    return max(_rule_types(get_type_hints(rules)[name]), key=lambda one: len(one.__mro__))


def _rule_types(hint: object) -> Iterator[type[Rule]]:
    for part in get_args(hint):
        if isinstance(part, type) and issubclass(part, Rule):
            yield part
        yield from _rule_types(part)  # of a mapping
