"""Checks one chain: its records against each other, and against the segments that seal them. No I/O.

A record is judged by what cannot be made to fit: its own digest, the link of the record after it, its segment's root,
and, where the second place has them, the digests of every leaf. The first three locate what was changed in place; who
makes the whole chain anew is found by the root, and located by the leaves.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from operations.audit.checkpoint import Segment
from operations.audit.finding import Finding, Kind, merged
from operations.audit.links import Head
from operations.audit.merkle import root_of


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A record as it is stored, or, where it ``is_pruned``, what a deletion by retention left of it. ``digest_as``
    gives the digest that its fields would have at another place; it is there where they do not have their own."""

    sequence: int
    id: str = ""
    previous: bytes = b""
    digest: bytes
    is_own: bool = True  # whether its digest is the one of its fields
    is_pruned: bool = False
    digest_as: Callable[[int], bytes] | None = None


class ChainCheck:
    """Walks a chain in order. ``reached`` is the head that the next record has to be linked to."""

    def __init__(self, writer: str, leaves_of: Callable[[Segment], Sequence[bytes] | None]) -> None:
        """``leaves_of`` gives the digests that the second place has of a segment, where it has them."""
        self._writer = writer
        self._leaves_of = leaves_of
        self._reached = Head()
        self._is_sure = True  # whether `_reached` is what really stood there
        self._is_final = False

    def sealed(self, segment: Segment, places: Sequence[Place], is_last: bool) -> list[Finding]:
        """Checks the records of a segment; ``is_last``: the chain has no record after them."""
        where = f"segment {segment.number}"
        found = list(self._contents(segment, places, is_last, where))
        if not found:
            found.extend(self._as_a_whole(segment, places, where))
        gaps = [self._finding("gap", first, f"never stored ({why})", where, last=last)
                for first, last, why in segment.gaps]
        self._reached, self._is_sure = Head(segment.last, segment.head), True
        self._is_final = self._is_final or segment.final
        return [*merged(found), *gaps]

    def _as_a_whole(self, segment: Segment, places: Sequence[Place], where: str) -> Iterator[Finding]:
        digests = [place.digest for place in places]
        if root_of(digests) == segment.root:
            return
        if digests and root_of([*digests[:-1], segment.head]) == segment.root:
            yield self._finding("rewritten", places[-1].sequence, "another record than the one that was sealed", where,
                                places[-1].id)
        else:
            yield self._finding("rewritten", segment.first, "some of them were changed, and the chain made anew: "
                                "the leaves at a second place tell which", where, last=segment.last)

    def _contents(self, segment: Segment, places: Sequence[Place], is_last: bool, where: str) -> Iterator[Finding]:
        given_up = {number for first, last, _ in segment.gaps for number in range(first, last + 1)}
        expected = [number for number in range(segment.first, segment.last + 1) if number not in given_up]
        leaves = self._leaves_of(segment)
        known = dict(zip(expected, leaves, strict=False)) if leaves is not None else None
        present = {place.sequence: place for place in places}
        yield from self._missing(expected, present, is_last, where)
        yield from self._out_of_place(places, set(expected), where)
        if known is not None:
            yield from self._against(known, places, where)
        else:
            yield from self._among_themselves(places, set(expected) - set(present), where)

    def _missing(self, expected: Iterable[int], present: Mapping[int, Place], is_last: bool,
                 where: str) -> Iterator[Finding]:
        newest = max(present, default=0) if is_last else None
        for number in expected:
            if number not in present:
                truncated = newest is not None and number > newest
                yield self._finding("truncated" if truncated else "deleted", number,
                                    "sealed, and not there", where)

    def _out_of_place(self, places: Sequence[Place], expected: set[int], where: str) -> Iterator[Finding]:
        for number, count in Counter(place.sequence for place in places).items():
            if count > 1 or number not in expected:
                for place in places:
                    if place.sequence == number:
                        yield self._finding("inserted", number, "more than one record stands there" if count > 1 else
                                            "a place that was given up", where, place.id)

    def _against(self, known: Mapping[int, bytes], places: Sequence[Place], where: str) -> Iterator[Finding]:
        at = {digest: number for number, digest in known.items()}
        for place in places:
            right = known.get(place.sequence)
            if not place.is_own:
                yield self._not_own(place, places, where)
            elif right is not None and place.digest != right:
                elsewhere = at.get(place.digest)
                yield self._finding("rewritten", place.sequence, "another record than the one that was sealed", where,
                                    place.id) if elsewhere is None else self._finding(
                    "reordered", place.sequence, f"the record of place {elsewhere}", where, place.id)

    def _among_themselves(self, places: Sequence[Place], missing: set[int], where: str) -> Iterator[Finding]:
        before = Place(sequence=self._reached.sequence, digest=self._reached.digest, is_pruned=True)
        is_sure = self._is_sure
        for place in places:
            if not place.is_own:
                yield self._not_own(place, places, where)
            elif is_sure and not place.is_pruned and place.previous != before.digest \
                    and missing.isdisjoint(range(before.sequence + 1, place.sequence)):
                yield self._unlinked(before, place, where)
            # A record whose digest may be wrong, or that stands where another one does, says nothing of the next one.
            is_sure = place.is_own and place.sequence > before.sequence
            before = place

    def _unlinked(self, before: Place, place: Place, where: str) -> Finding:
        if before.is_pruned:  # a segment's head, or a pruned record: sealed elsewhere
            return self._finding("rewritten", place.sequence, "it is not linked to the one before", where, place.id)
        return self._finding("rewritten", before.sequence, f"record {place.sequence} is linked to another one", where,
                             before.id)

    def _not_own(self, place: Place, places: Sequence[Place], where: str) -> Finding:
        for other in places:
            if not other.is_own and other is not place and place.digest_as is not None \
                    and place.digest_as(other.sequence) == place.digest:
                return self._finding("reordered", place.sequence, f"the record of place {other.sequence}", where,
                                     place.id)
        return self._finding("flipped", place.sequence, "its fields are not those that were digested", where, place.id)

    def unsealed(self, place: Place, gaps: Mapping[int, int]) -> Iterator[Finding]:
        """Checks the next record of those that no segment seals yet; ``gaps`` are first and last of the noted ones."""
        where = "what is not sealed yet"
        next_one = self._reached.sequence + 1
        while next_one in gaps:
            yield self._finding("gap", next_one, "never stored", where, last=gaps[next_one])
            next_one = gaps[next_one] + 1
        if self._is_final:
            yield self._finding("inserted", place.sequence, "its chain was closed before", where, place.id)
        elif place.sequence < next_one:
            yield self._finding("inserted", place.sequence, "more than one record stands there", where, place.id)
        elif place.sequence > next_one:
            yield self._finding("deleted", next_one, "not there, and no gap was noted", where, last=place.sequence - 1)
        elif place.is_own and self._is_sure and not place.is_pruned and place.previous != self._reached.digest:
            yield self._finding("rewritten", self._reached.sequence or place.sequence,
                                f"record {place.sequence} is linked to another one", where)
        if not place.is_own:
            yield self._finding("flipped", place.sequence, "its fields are not those that were digested", where,
                                place.id)
        self._reached, self._is_sure = Head(place.sequence, place.digest), place.is_own

    def end(self, head: Head | None, sealed: int) -> Iterator[Finding]:
        """Checks that the chain ends where the chains' table says; ``sealed`` is the end of its last segment."""
        reached = max(self._reached.sequence, sealed)
        if head is None:
            yield self._finding("inserted", 0, "no such chain was ever begun", "the chains' table")
        elif head.sequence > reached:
            yield self._finding("truncated", reached + 1, "the chain went further", "the chains' table",
                                last=head.sequence)
        elif head.sequence < reached or (self._is_sure and head.digest != self._reached.digest):
            yield self._finding("rewritten", reached, "the chain ends elsewhere", "the chains' table")

    def _finding(self, kind: Kind, sequence: int, what: str, where: str, identity: str = "", last: int = 0) -> Finding:
        return Finding(kind=kind, what=what, where=where, writer=self._writer, sequence=sequence, last=last,
                       id=identity)
