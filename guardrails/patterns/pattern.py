"""A pattern: one thing that can be found in text, by its form and then by a check of what was found."""

from collections.abc import Callable, Sequence

import msgspec

from guardrails.patterns.opening import UnsupportedPattern, head, longest, opening, parse, relaxed

# What a stream may have to hold back for one pattern, and what stands before a match for its check to look at.
LONGEST_MATCH = 512
CONTEXT_BYTES = 64


class Candidate:
    """What a pattern has matched, for its check. Bytes are UTF-8.

    ``found`` is the group named ``found``, or the whole match. What else a check may want is cut out only when it does.
    """

    __slots__ = ("_spans", "_start", "_text", "found")

    def __init__(self, text: bytes, start: int, end: int, spans: Sequence[tuple[int, int]]) -> None:
        """``spans`` are those of the match and of its groups in ``text``, (-1, -1) for a group that took no part."""
        self.found = text[start:end]
        self._text, self._start, self._spans = text, start, spans

    @property
    def before(self) -> bytes:
        """What stands before, at most CONTEXT_BYTES; it may begin inside a character."""
        return self._text[max(0, self._start - CONTEXT_BYTES) : self._start]

    @property
    def groups(self) -> tuple[bytes, ...]:
        """All groups by number, from the first; those that took no part are empty."""
        text = self._text
        return tuple([text[start:end] if start >= 0 else b"" for start, end in self._spans[1:]])


Check = Callable[[Candidate], float]


class Pattern(msgspec.Struct, frozen=True):
    """What to find. Invariant: a match has at most LONGEST_MATCH characters, and a stream waits for no more.

    regex   RE2 syntax that Python's ``re`` parses too: no lookaround, no back-references, no ``$``; classes such as
            ``\\w`` and ``\\b`` are ASCII. A group named ``found`` is the finding where the match is more than that.
    tail    a character class, such as ``[A-Za-z0-9]``: the finding goes on over all such characters that follow the
            match, however many. What is found is known before the tail is, so nothing waits for its end.
    check   the score of a candidate, 0 to 1, where 0 is no finding; None: every match scores ``score``.
    begins  for whatever a match may begin with, where what is derived from a long ``regex`` would be too large to run
            at every piece. It may match more, which delays a stream; were it to match less, streams would miss some.
    head    derived: what every match begins with, where that is short; ``head_begins`` is for what that begins with
    occurs  derived: a pattern that occurs wherever this one does, and is easier to look for among many
    """

    label: str
    regex: str
    tail: str = ""
    check: Check | None = None
    score: float = 1.0
    begins: str = ""
    occurs: str = ""
    head: str = ""
    head_begins: str = ""

    def __post_init__(self) -> None:
        most = longest(self.regex)
        if most is None or most > LONGEST_MATCH:
            raise UnsupportedPattern(
                f"{self.label}: a match may have {'any number of' if most is None else most} characters; at most "
                f"{LONGEST_MATCH} can be held back in a stream: bound its repetitions")
        if parse(self.regex).getwidth()[0] == 0:
            raise UnsupportedPattern(f"{self.label}: the pattern matches the empty text")
        # What is derived is kept with the pattern: several scanners may be made of it.
        if not self.begins:
            msgspec.structs.force_setattr(self, "begins", opening(self.regex))
            first, begun = head(self.regex) if self.begins else ("", "")
            msgspec.structs.force_setattr(self, "head", first)
            msgspec.structs.force_setattr(self, "head_begins", begun)
        msgspec.structs.force_setattr(self, "occurs", relaxed(self.regex))
