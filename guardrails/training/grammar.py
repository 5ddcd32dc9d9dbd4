"""A small grammar for texts: templates whose braces stand for one of several fillings, which may hold braces again."""

import re
from collections.abc import Mapping, Sequence
from random import Random

_SLOT = re.compile(r"\{(\w+)\}")
_DEEPEST = 6


class Grammar:
    """``rules`` are fillings by the name of their slot. Raises KeyError for a slot that has none."""

    def __init__(self, rules: Mapping[str, Sequence[str]]) -> None:
        self._rules = rules

    def filled(self, template: str, random: Random, depth: int = 0) -> str:
        """The template with every slot filled. A slot that occurs twice is filled twice."""
        if depth > _DEEPEST:
            raise RecursionError(f"{template!r} does not come to an end")

        def fill(match: re.Match[str]) -> str:
            return self.filled(random.choice(self._rules[match[1]]), random, depth + 1)

        return _SLOT.sub(fill, template)

    def texts(self, start: str, count: int, random: Random) -> list[str]:
        """At most ``count`` different texts of slot ``start``, in the order in which they were made."""
        found: dict[str, None] = {}
        for _ in range(count * 4):
            text = self.filled(f"{{{start}}}", random)
            found[text[:1].upper() + text[1:] if random.random() < 0.7 else text] = None
            if len(found) == count:
                break
        return list(found)
