"""The scanner: all patterns over a text at once, and how far a text that may go on is decided.

One automaton tells which patterns occur at all; only those are run again for where. In ordinary text that is none, and
the whole cost is one pass.
"""

from collections.abc import Callable, Iterator, Sequence
from heapq import merge
from itertools import chain
from typing import NamedTuple

import re2

from guardrails.patterns.opening import WORD
from guardrails.patterns.pattern import LONGEST_MATCH, Candidate, Pattern

# The automaton is built while it runs; where it outgrows this it begins anew, which is slow but right.
_SET_MEMORY_BYTES = 64 << 20
_PATTERN_MEMORY_BYTES = 8 << 20
_LONGEST_BYTES = LONGEST_MATCH * 4  # a character has at most four
_UNANCHORED = re2._re2.RE2.Anchor.UNANCHORED
CHECK_FAILED = -1.0  # the score of a match whose check raised


# What finds one pattern in a text, and the number of the group that is the finding.
Finder = Callable[[object, bytes, int, int], Sequence[tuple[int, int]]]
Run = tuple[Finder, int]


class Match(NamedTuple):
    """A match of ``patterns[pattern]``. Offsets are in bytes; ``score`` 0 where its check said no,
    CHECK_FAILED where it raised.

    The match is from ``start`` to ``end``; the finding, within it, from ``found_start`` to ``found_end``.
    """

    start: int
    end: int
    found_start: int
    found_end: int
    pattern: int
    score: float


class Cluster(NamedTuple):
    """Matches that overlap, one after the other, and the stretch of text that they and their tails cover.

    ``matched_end`` is where the matches end, without tails. ``tailed`` tells that a tail ends the stretch (it may be of
    no length so far): whatever else begins inside it is not looked at, and all patterns begin again behind it.

    In a stream a tail may go on behind the cluster that it belongs to: then another follows of the tail alone, with
    ``matched_end`` at its start and a match for each pattern whose finding goes on.
    """

    start: int
    end: int
    matched_end: int
    matches: list[Match]
    tailed: bool

    @property
    def goes_on(self) -> bool:
        return self.matched_end == self.start


class Scanner:
    """Finds ``patterns`` in UTF-8. Immutable; what it finds does not depend on the pieces in which a text arrives."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.patterns = tuple(patterns)
        self._count = len(self.patterns)
        self._runs: list[Run | None] = [None] * self._count
        self._tails = [re2.compile(f"{pattern.tail}+") if pattern.tail else None for pattern in self.patterns]
        self._headed = [pattern for pattern in self.patterns if pattern.head]
        self._opened: list[Finder | None] = [None] * len(self._headed)
        occurring = re2.Set.SearchSet(_options(_SET_MEMORY_BYTES))
        for written in [*(pattern.occurs for pattern in self.patterns), *(pattern.head for pattern in self._headed)]:
            # What begins a text also begins a line here, so that many texts can be asked about as lines of one.
            occurring.Add(f"(?m){written}")
        occurring.Compile()
        begun = dict.fromkeys([WORD, *(pattern.head_begins if pattern.head else pattern.begins
                                       for pattern in self.patterns)])
        # These two are called for every frame of every stream: what the package puts around them costs more than they
        # do.
        self._occurring = occurring._set.Match
        self._begun = re2.compile(f"(?:{'|'.join(filter(None, begun))})\\z", _options(_SET_MEMORY_BYTES))._regexp.Match

    def which(self, text: bytes) -> Sequence[int]:
        """The patterns, and behind them the heads of patterns, that occur somewhere in ``text``; perhaps more, never
        fewer."""
        found: Sequence[int] = self._occurring(text)
        return found

    def finds(self, hits: Sequence[int]) -> bool:
        """Whether there are patterns among ``hits``."""
        return any(hit < self._count for hit in hits)

    def undecided_from(self, text: bytes, start: int, hits: Sequence[int]) -> int:
        """Where the first match could begin that is not decided before more text comes; the length where none can.

        ``hits`` is what ``which`` has found in it. One automaton for all openings would have a state for each mixture
        of them, and never be built. So one, small, finds words and the openings of heads, and the whole opening of a
        pattern is looked for only where its head has come.
        """
        length = len(text)
        place: int = self._begun(_UNANCHORED, text, start, length)[0][0]
        for hit in hits:
            if hit >= self._count and place > start:
                place = min(place, self._opening_of(hit - self._count, text, start))
        earliest = length - _LONGEST_BYTES
        return _character_at(text, earliest) if place < earliest else place

    def _opening_of(self, index: int, text: bytes, start: int) -> int:
        opened = self._opened[index]
        if opened is None:
            written = f"(?:{self._headed[index].begins})\\z"
            opened = self._opened[index] = re2.compile(written, _options(_PATTERN_MEMORY_BYTES))._regexp.Match
        place = opened(_UNANCHORED, text, start, len(text))[0][0]
        return place if place >= 0 else len(text)

    def clusters(self, text: bytes, start: int, hits: Sequence[int]) -> Iterator[Cluster]:
        """What the patterns ``hits`` find from ``start`` on, in order, up to the first cluster with a tail. What stands
        before ``start`` is context only."""
        looked_for = [self._matches(text, start, hit) for hit in hits if hit < self._count]
        if any(hit < self._count and self._tails[hit] is not None for hit in hits):
            # As far as they are asked for: a cluster with a tail leaves the rest to the next call.
            return self._clustered(merge(*looked_for), text)
        return self._clustered(iter(sorted(chain.from_iterable(looked_for))), text)

    def _clustered(self, found: Iterator[Match], text: bytes) -> Iterator[Cluster]:
        match: Match | None = next(found, None)
        while match is not None:
            matches, first, end = [match], match.start, match.end
            for match in found:
                if match.start >= end:
                    break
                end = max(end, match.end)
                matches.append(match)
            else:
                match = None
            cluster = self._with_tails(text, Cluster(first, end, end, matches, False))
            yield cluster
            if cluster.tailed:
                return

    def _matches(self, text: bytes, start: int, index: int) -> Iterator[Match]:
        run, group = self._runs[index] or self._prepare(index)
        pattern = self.patterns[index]
        check, score, length = pattern.check, pattern.score, len(text)
        while start < length:
            spans = run(_UNANCHORED, text, start, length)
            first, end = spans[0]
            if first < 0:
                return
            found_first, found_end = spans[group]
            if check is not None:
                try:
                    score = check(Candidate(text, found_first, found_end, spans))
                except Exception:  # what a guard that fails means is for the policy to say: it is told, not raised
                    score = CHECK_FAILED
            yield Match(first, end, found_first, found_end, index, score)
            start = end

    def _prepare(self, index: int) -> "Run":
        """Compiles a pattern by itself when it is first needed: most never are."""
        compiled = re2.compile(self.patterns[index].regex, _options(_PATTERN_MEMORY_BYTES))
        prepared = self._runs[index] = compiled._regexp.Match, compiled.groupindex.get("found", 0)
        return prepared

    def _with_tails(self, text: bytes, cluster: Cluster) -> Cluster:
        if not any(match.score > 0 and self.has_tail(match.pattern) for match in cluster.matches):
            return cluster
        matches = [match._replace(found_end=self.tail_end(text, match.end, match.pattern))
                   if match.score > 0 and self.has_tail(match.pattern) else match for match in cluster.matches]
        end = max(cluster.end, max(match.found_end for match in matches))
        tailed = any(match.found_end == end for match in matches if match.score > 0 and self.has_tail(match.pattern))
        return Cluster(cluster.start, end, cluster.end, matches, tailed)

    def has_tail(self, pattern: int) -> bool:
        return self._tails[pattern] is not None

    def tail_end(self, text: bytes, start: int, pattern: int) -> int:
        """How far the tail of a finding goes that ends at ``start``."""
        tail = self._tails[pattern]
        found = tail.match(text, start) if tail is not None else None
        return found.end() if found else start


def _character_at(text: bytes, place: int) -> int:
    """The beginning of the character that ``place`` is in."""
    while text[place] & 0xC0 == 0x80:
        place -= 1
    return place


def _options(memory_bytes: int) -> re2.Options:
    options = re2.Options()
    options.max_mem = memory_bytes
    options.log_errors = False
    return options
