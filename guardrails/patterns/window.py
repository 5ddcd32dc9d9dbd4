"""The hold-back window: a text that arrives in pieces, and how far it is decided. No I/O.

Whatever the pieces, the same clusters come out, the same as for the whole text in one piece:

- No place before ``undecided_from`` can become part of a match any more that is not one already.
- The window decides up to no place inside a match, whether its check said yes or no. So every pattern's search, when it
  begins again there, goes through the same matches as one that had never stopped.
- A tail belongs to its finding alone, and all patterns begin again where it ends, in one piece or in many.
"""

from collections.abc import Sequence

from guardrails.patterns.pattern import CONTEXT_BYTES
from guardrails.patterns.scanner import Cluster, Scanner


class Window:
    """One text. ``decided`` is the offset, in bytes of UTF-8 from its beginning, before which nothing can change."""

    __slots__ = ("_base", "_scanner", "_start", "_tails", "_text", "decided")

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._text = b""  # some context, and behind it what is undecided
        self._base = 0  # where in the whole text it begins
        self._start = 0  # where in it the undecided begins
        self._tails: list[int] = []  # patterns whose findings may go on
        self.decided = 0

    def feed(self, piece: bytes, last: bool = False) -> Sequence[Cluster]:
        """Takes the next piece (whole characters) and returns what is found for certain, at offsets in the whole text.

        A cluster without matches is the tail of the one before, which goes on.
        """
        text = self._text + piece if self._text else piece
        if self._tails:
            return self._go_on(text, last)
        start = self._start
        scanner = self._scanner
        undecided = len(text) if last else scanner.undecided_from(text, start)
        if undecided > start:
            hits = scanner.which(text[start - CONTEXT_BYTES :] if start > CONTEXT_BYTES else text)
            if hits:
                return self._look(text, start, last, [])
            self._keep(text, undecided)
        else:
            self._text = text
        return ()

    def _keep(self, text: bytes, undecided: int) -> None:
        cut = undecided - CONTEXT_BYTES
        if cut > 0:
            self._base += cut
            text, undecided = text[cut:], CONTEXT_BYTES
        self._text, self._start = text, undecided
        self.decided = self._base + undecided

    def _go_on(self, text: bytes, last: bool) -> list[Cluster]:
        """The tail of what was found goes on, perhaps to its end."""
        start = self._start
        end = self._run_on(text, [(start, pattern) for pattern in self._tails])
        found = [self._placed(Cluster(start, end, end, [], True))] if end > start else []
        if end < len(text):
            return self._look(text, end, last, found)
        self._keep(text, end)
        return found

    def _run_on(self, text: bytes, tails: list[tuple[int, int]]) -> int:
        """The end of the longest of ``tails`` (place, pattern); those that reach the end of the text may go on."""
        ends = [(self._scanner.tail_end(text, place, pattern), pattern) for place, pattern in tails]
        self._tails = [pattern for end, pattern in ends if end == len(text)]
        return max(end for end, _ in ends)

    def _look(self, text: bytes, start: int, last: bool, found: list[Cluster]) -> list[Cluster]:
        scanner = self._scanner
        hits = scanner.which(text[start - CONTEXT_BYTES :] if start > CONTEXT_BYTES else text)
        while True:
            undecided = len(text) if last else scanner.undecided_from(text, start)
            again = False
            for cluster in scanner.clusters(text, start, hits):
                if cluster.matched_end > undecided:
                    undecided = min(undecided, cluster.start)
                    break
                found.append(self._placed(cluster))
                if cluster.tailed:
                    start, again = cluster.end, True
                    tails = [(match.end, match.pattern) for match in cluster.matches
                             if match.score and scanner.has_tail(match.pattern)]
                    self._run_on(text, tails)
            if not again or start == len(text):
                break
            self._tails = []
        self._keep(text, start if again else undecided)
        return found

    def _placed(self, cluster: Cluster) -> Cluster:
        """The cluster at its place in the whole text."""
        base = self._base
        matches = [match._replace(start=match.start + base, end=match.end + base,
                                  found_start=match.found_start + base, found_end=match.found_end + base)
                   for match in cluster.matches] if base else cluster.matches
        return Cluster(cluster.start + base, cluster.end + base, cluster.matched_end + base, matches, cluster.tailed)
