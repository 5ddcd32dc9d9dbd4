"""A format: how one family of guard models is asked, and how its answers are read."""

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from guardrails.guard_models.conversation import Subject
from guardrails.guard_models.definition import GuardModelDocument, UnusableDefinition
from guardrails.guard_models.question import Question


class Format(Protocol):
    """``labels`` are all that it may find; ``asks`` is how many questions it has about a subject."""

    labels: tuple[str, ...]
    asks: int

    def questions(self, subject: Subject) -> list[Question]:
        """What is asked about a subject; what the questions find is put together."""


def chosen(definition: GuardModelDocument, known: Mapping[str, str]) -> dict[str, str]:
    """The categories that are looked for, of ``known`` or of the operator's own taxonomy; raises UnusableDefinition."""
    known = definition.taxonomy or known
    if not known:
        raise UnusableDefinition("taxonomy", f"the categories: {definition.format} has none of its own", "none")
    if definition.categories is None:
        return dict(known)
    if not definition.categories:
        raise UnusableDefinition("categories", "at least one category", "none")
    for index, code in enumerate(definition.categories):
        if code not in known:
            raise UnusableDefinition(f"categories[{index}]", f"a category of {definition.format} ({', '.join(known)})",
                                     repr(code))
    return {code: text for code, text in known.items() if code in definition.categories}


def refuse_unused(definition: GuardModelDocument, *used: str) -> None:
    """Raises UnusableDefinition where a setting is written that the format does not use."""
    defaults: dict[str, object] = {"categories": None, "taxonomy": {}, "template": None, "instructions": None,
                                   "answers": {}, "api": "chat"}
    for name, default in defaults.items():
        if name not in used and getattr(definition, name) != default:
            raise UnusableDefinition(name, f"nothing: the format {definition.format} does not use it", "a value")


def label_of(*words: str) -> str:
    """A label from what a category is called: ``S1``, ``Violent Crimes.`` becomes ``S1_VIOLENT_CRIMES``."""
    return re.sub(r"[^A-Z0-9]+", "_", "_".join(words).upper()).strip("_")


def heading_of(text: str) -> str:
    """What a category is called: its first line."""
    return text.strip().partition("\n")[0]


def labels_with(categories: Sequence[str], *more: str) -> tuple[str, ...]:
    return (*dict.fromkeys(categories), *more)
