"""The hold-back window: a text that arrives in pieces, and how far it is decided. No I/O.

Whatever the pieces, the same clusters come out, the same as for the whole text in one piece:

- No place before ``undecided_from`` can become part of a match any more that is not one already.
- The window decides up to no place inside a match, whether its check said yes or no. So every pattern's search, when it
  begins again there, goes through the same matches as one that had never stopped.
- A tail belongs to its finding alone, and all patterns begin again where it ends, in one piece or in many.
"""

from collections.abc import Sequence

from guardrails.patterns.pattern import CONTEXT_BYTES
from guardrails.patterns.scanner import Cluster, Match, Scanner

# Text that is decided is let go of once there is so much of it: to cut at every piece would cost more than it saves.
_KEPT_BYTES = 1024
_CONTINUATION = bytes(range(0x80, 0xC0))  # the bytes of UTF-8 with which no character begins


class Window:
    """One text. ``decided`` is the offset, in bytes of UTF-8 from its beginning, before which nothing can change."""

    __slots__ = ("_base", "_base_characters", "_counted", "_scanner", "_start", "_tails", "_text", "decided")

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._text = b""  # some context, and behind it what is undecided
        self._base = 0  # where in the whole text it begins, in bytes
        self._base_characters = 0  # and in characters
        self._counted = 0, 0  # the offset that was last asked for, and its characters: the next one is often behind it
        self._start = 0  # where in it the undecided begins
        self._tails: list[int] = []  # patterns whose findings may go on
        self.decided = 0

    def feed(self, piece: bytes, last: bool = False) -> Sequence[Cluster]:
        """Takes the next piece (whole characters); returns what is found for certain, at offsets in the whole text."""
        if self._start > _KEPT_BYTES:
            self._let_go()
        text = self._text + piece
        if self._tails:
            return self._go_on(text, last)
        start = self._start
        scanner = self._scanner
        hits = scanner.which(text[start - CONTEXT_BYTES :] if start > CONTEXT_BYTES else text)
        if hits and scanner.finds(hits):
            return self._look(text, start, last, [], hits)
        self._keep(text, len(text) if last else scanner.undecided_from(text, start, hits))
        return ()

    def _keep(self, text: bytes, undecided: int) -> None:
        self._text, self._start = text, undecided
        self.decided = self._base + undecided

    def _let_go(self) -> None:
        cut = self._start - CONTEXT_BYTES
        self._base_characters += _characters(self._text[:cut])
        self._base += cut
        self._text, self._start = self._text[cut:], CONTEXT_BYTES

    def text(self, start: int, end: int) -> bytes:
        """What stands between two offsets of what the last call of ``feed`` has found."""
        return self._text[start - self._base : end - self._base]

    def characters(self, offset: int) -> int:
        """Such an offset in characters (code points) from the beginning of the whole text."""
        known, characters = self._counted
        if not self._base <= known <= offset:
            known, characters = self._base, self._base_characters
        characters += _characters(self._text[known - self._base : offset - self._base])
        self._counted = offset, characters
        return characters

    def _go_on(self, text: bytes, last: bool) -> list[Cluster]:
        """The tail of what was found goes on, perhaps to its end."""
        start = self._start
        ends = self._run_on(text, [(start, pattern) for pattern in self._tails])
        end = max(ends.values())
        found = [self._placed(Cluster(start, end, start, [
            Match(start, tail, start, tail, pattern, 0.0) for pattern, tail in ends.items()], True))]
        if end == start:
            found = []
        if end < len(text):
            hits = self._scanner.which(text[end - CONTEXT_BYTES :] if end > CONTEXT_BYTES else text)
            return self._look(text, end, last, found, hits)
        self._keep(text, end)
        return found

    def _run_on(self, text: bytes, tails: list[tuple[int, int]]) -> dict[int, int]:
        """Where ``tails`` (place, pattern) end, by pattern; those that reach the end of the text may go on."""
        ends = {pattern: self._scanner.tail_end(text, place, pattern) for place, pattern in tails}
        self._tails = [pattern for pattern, end in ends.items() if end == len(text)]
        return ends

    def _look(self, text: bytes, start: int, last: bool, found: list[Cluster], hits: Sequence[int]) -> list[Cluster]:
        scanner = self._scanner
        while True:
            undecided = len(text) if last else scanner.undecided_from(text, start, hits)
            again = False
            for cluster in scanner.clusters(text, start, hits):
                if cluster.matched_end > undecided:
                    undecided = min(undecided, cluster.start)
                    break
                found.append(self._placed(cluster))
                if cluster.tailed:
                    start, again = cluster.end, True
                    tails = [(match.end, match.pattern) for match in cluster.matches
                             if match.score > 0 and scanner.has_tail(match.pattern)]
                    self._run_on(text, tails)
            if not again or start == len(text):
                break
            self._tails = []
        self._keep(text, start if again else undecided)
        return found

    def _placed(self, cluster: Cluster) -> Cluster:
        """The cluster at its place in the whole text."""
        base = self._base
        if not base:
            return cluster
        matches = [match._replace(start=match.start + base, end=match.end + base,
                                  found_start=match.found_start + base, found_end=match.found_end + base)
                   for match in cluster.matches]
        return Cluster(cluster.start + base, cluster.end + base, cluster.matched_end + base, matches, cluster.tailed)


def _characters(text: bytes) -> int:
    """How many characters begin in ``text``."""
    return len(text) if text.isascii() else len(text.translate(None, _CONTINUATION))
