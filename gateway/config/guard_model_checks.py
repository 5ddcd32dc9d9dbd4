"""What is wrong with the guard models of a routing document, and with the rules that name them."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import msgspec

from gateway.config.checking import Problem, join, nearest
from guardrails.compiling import Catalogue
from guardrails.detectors.guard_model import PREFIX, GuardModel
from guardrails.guard_models.definition import GuardModelDocument, UnusableDefinition
from guardrails.guard_models.formats import format_of


def definition_problems(path: str, written: Any) -> Iterator[Problem]:
    """Contradictions of a definition with its format. What is mistyped is told elsewhere, field by field."""
    definition = _definition(written)
    if definition is None:
        return
    try:
        format_of(definition)
    except UnusableDefinition as error:
        known = error.expected.partition("(")[2].partition(")")[0].split(", ")
        yield Problem(path=f"{path}.{error.path}", expected=error.expected, found=error.found,
                      nearest=nearest(error.found.strip("'"), known))


def unknown_guard_models(path: str, policy: Any, known: Mapping[Any, Any]) -> Iterator[Problem]:
    """Rules of a policy, as it is written, about guard models that the document does not have."""
    for side in ("prompt", "reply"):
        rules = policy.get(side) if isinstance(policy, Mapping) else None
        named = rules.get(PREFIX) if isinstance(rules, Mapping) else None
        for name in named if isinstance(named, Mapping) else ():
            if name not in known:
                listed = ", ".join(map(str, known)) or "none yet"
                yield Problem(path=join(f"{path}.{side}.{PREFIX}", name), found=repr(name),
                              expected=f"a guard model of this document ({listed})",
                              nearest=nearest(name, map(str, known)))


def usable_guard_models(written: Mapping[Any, Any]) -> Catalogue:
    """Makers for whoever checks policies, and asks nobody. Definitions that cannot be used are left out: they are told
    in their own place."""
    found = {}
    for name, value in written.items():
        definition = _definition(value)
        if definition is not None and not list(definition_problems("", value)):
            found[f"{PREFIX}.{name}"] = partial(GuardModel, str(name), definition)
    return found


def _definition(written: Any) -> GuardModelDocument | None:
    try:
        return msgspec.convert(written, GuardModelDocument)
    except (msgspec.ValidationError, ValueError):
        return None
