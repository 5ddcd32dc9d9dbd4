"""What the operator has said is no finding, whoever finds it."""

from collections.abc import Sequence

import re2


class Allowed:
    """Texts, whatever their case, and regular expressions (RE2) for the whole of a text."""

    def __init__(self, texts: Sequence[str], patterns: Sequence[str]) -> None:
        """Raises ValueError where a pattern is none."""
        self._texts = {text.casefold() for text in texts}
        self._patterns = [_compiled(index, pattern) for index, pattern in enumerate(patterns)]

    def permits(self, text: str) -> bool:
        return text.casefold() in self._texts or any(pattern.fullmatch(text) for pattern in self._patterns)


def _compiled(index: int, pattern: str) -> "re2._Regexp":
    try:
        options = re2.Options()
        options.log_errors = False
        return re2.compile(pattern, options)
    except re2.error as error:
        raise ValueError(f"[{index}] {pattern!r} is not a regular expression of RE2: {error}") from None
