"""What stands before a number and says what the number is: "call me on", "DOB", "order no.".

Words are written as pieces of regular expressions and looked for without regard to case, where no letter stands before
them. A piece that ends in ``\\b`` is a whole word; others are stems, so that "telefon" is also in "Telefonnummer".
"""

from collections.abc import Iterable

import re2

# What may announce any country's number for a person.
GENERAL_ID_WORDS = ("national id", "national insurance", "identity (?:card|number|no)",
            "id(?:entification)? (?:card|number|no)", "personal id", "tax (?:id|no|number|payer)", "tax_id",
            "national_id", "id_number", "ausweis", "cedula", "c[ée]dula", "documento", "identit", "identid", "dowód",
            "henkilö", "citizen", "social security")
_SEPARATORS = b" -./("
_LETTER = r"(?:^|[^\pL])"
# From here on scripts put no blank between words (Thai, Chinese, Japanese), or join them with what follows (Korean).
_UNSPACED = "\u0e00"


class Words:
    """Tells whether one of some words stands in what precedes a candidate."""

    __slots__ = ("_search",)

    def __init__(self, *words: str) -> None:
        self._search = re2.compile(f"(?i){_any(words)}", _options()).search

    def __call__(self, before: bytes) -> bool:
        return self._search(before) is not None


class Nearest:
    """Tells which of two kinds of words stands nearest before a candidate."""

    __slots__ = ("_last", "_present")

    def __init__(self, those: Iterable[str], others: Iterable[str]) -> None:
        kinds = _any(those), _any(others)
        self._present = re2.Set.SearchSet(_options())
        for kind in kinds:
            self._present.Add(f"(?i){kind}")
        self._present.Compile()
        self._last = re2.compile(f"(?is).*(?:({kinds[0]})|{kinds[1]})", _options())

    def __call__(self, before: bytes) -> bool | None:
        """True for the first kind, False for the second, None where neither is there."""
        present = self._present.Match(before)
        if not present:
            return None
        if len(present) == 1:
            return bool(present[0] == 0)
        # Dear, and seldom needed: where both are there, the last one counts.
        found = self._last.match(before)
        return found is not None and found.start(1) >= 0


def continues(before: bytes) -> bool:
    """Whether what follows ``before`` is the rest of a longer number or code: "ES79 |0167", "550e8400-|1234"."""
    left = before.rstrip(_SEPARATORS)
    gap = before[len(left):]
    last = left[-1:]
    if last == b")":
        inside = left[left.rfind(b"(") + 1 : -1]
        return len(gap) < 3 and (inside.isdigit() or inside[:1] == b"+")
    if not gap or len(gap) > 2 or not last.isalnum():
        return last in (b"+", b"_")
    if gap != b" " and b"(" not in gap:
        return len(gap) == 1 and (gap != b"/" or last.isdigit())
    if not last.isdigit():
        return False
    token = left.rsplit(None, 1)[-1]
    return len(token) > 2 if token.isdigit() else len(token) == 4  # such as a group of an IBAN


def _any(words: Iterable[str]) -> str:
    """Any of ``words``, which do not begin within a word where words have beginnings."""
    unspaced = [word for word in words if word[0] >= _UNSPACED]
    spaced = [word for word in words if word[0] < _UNSPACED]
    return f"(?:{_LETTER}(?:{'|'.join(spaced)}){''.join('|' + word for word in unspaced)})"


def _options() -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    return options
