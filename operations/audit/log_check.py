"""Checks the audit log: its checkpoints against each other, and its segments against the checkpoints. No I/O."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set

import msgspec

from operations.audit.checkpoint import Checkpoint, Segment
from operations.audit.finding import Finding
from operations.audit.merkle import Tree

DATABASE = "the database"


def genuine(checkpoints: Iterable[Checkpoint], keys: Sequence[bytes], source: str) -> tuple[
        dict[int, Checkpoint], list[Finding]]:
    """Those that a known key signed, by number, and what the others are."""
    good: dict[int, Checkpoint] = {}
    found = []
    for one in checkpoints:
        where = f"checkpoint {one.number} of {source}"
        if not any(one.is_of(key) for key in keys):
            signed = "its signature does not fit" if one.key in {key.hex() for key in keys} else (
                f"it is signed by another key, {one.key[:16]}...")
            found.append(Finding(kind="forged", what=signed, where=where))
        elif one.number in good and good[one.number] != one:
            found.append(Finding(kind="rewritten", what="two checkpoints of one number are signed", where=where))
        else:
            good[one.number] = one
    return good, found


def sequence_of(checkpoints: Mapping[int, Checkpoint], source: str, accepted: Set[int]) -> Iterator[Finding]:
    """Checks that each follows the one before. ``accepted``: checkpoints that tell of a restore that is known."""
    before: Checkpoint | None = None
    for number, one in sorted(checkpoints.items()):
        reached = before.number if before else 0
        where = f"checkpoint {number} of {source}"
        if one.restored is not None and number not in accepted:
            yield Finding(kind="rolled_back", where=where, what=(
                f"the database was found restored to checkpoint {one.restored}: what {one.restored + 1} to "
                f"{number - 1} sealed is not in it"))
        elif number != reached + 1 and one.restored is None:
            yield Finding(kind="missing", what=f"checkpoints {reached + 1} to {number - 1} are not there", where=source)
        if before is not None and number == reached + 1 and one.previous != before.digest():
            yield Finding(kind="rewritten", what="it does not follow the one before", where=where)
        if before is not None and one.size < before.size and one.restored is None:
            yield Finding(kind="truncated", what="it signs fewer segments than the one before", where=where)
        before = one


def against(database: Mapping[int, Checkpoint], copy: Mapping[int, Checkpoint], source: str,
            delivered: int) -> Iterator[Finding]:
    """Compares the database's checkpoints with a second place's; ``delivered`` is the newest that is known to have been
    written there."""
    for number in sorted(database.keys() & copy.keys()):
        if database[number] != copy[number]:
            yield Finding(kind="rewritten", what=f"{source} has another one of this number, signed too",
                          where=f"checkpoint {number} of {DATABASE}")
    newest_here, newest_there = max(database, default=0), max(copy, default=0)
    restored = {number for one in database.values() if one.restored is not None
                for number in range(one.restored + 1, one.number)}
    lost = sorted(copy.keys() - database.keys() - restored)
    if behind := [number for number in lost if number > newest_here]:
        yield Finding(kind="truncated", where=DATABASE, what=(
            f"its newest checkpoint is {newest_here}, {source} has {behind[-1]}: what {behind[0]} to {behind[-1]} "
            f"sealed is gone or was never in this copy"))
    for number in (number for number in lost if number < newest_here):
        yield Finding(kind="missing", what=f"{source} has it", where=f"checkpoint {number} of {DATABASE}")
    for number in sorted(database.keys() - copy.keys()):
        if number < newest_there:
            yield Finding(kind="missing", what="the database has it", where=f"checkpoint {number} of {source}")
    if delivered > newest_there:
        yield Finding(kind="rolled_back", where=source,
                      what=f"checkpoint {delivered} was written there, and its newest is {newest_there}")


class SignedLog(msgspec.Struct, frozen=True):
    """A log's segments by number, and up to where its checkpoints sign them as they are (``size``)."""

    segments: dict[int, Segment]
    size: int
    findings: list[Finding]


def signed_log(segments: Mapping[int, Segment], checkpoints: Iterable[Checkpoint], source: str,
               note: Callable[[int], None] = lambda _: None) -> SignedLog:
    """Checks segments against the checkpoints' roots, in order. Past the first root that does not fit nothing is
    signed as it is; where it lies is known from the last one that did."""
    tree, good, found = Tree(), 0, []
    for one in sorted(checkpoints, key=lambda one: one.size):
        while tree.size < one.size and tree.size in segments:
            tree.add(segments[tree.size].leaf())
            note(tree.size)
        if tree.size < one.size:
            found.append(_absent(segments, tree.size, one, source))
            break
        if tree.root() != one.root:
            found.append(Finding(kind="rewritten", where=source, what=(
                f"segments {good} to {one.size - 1} are not those that checkpoint {one.number} signs")))
            break
        good = one.size
    else:
        beyond = sorted(number for number in segments if number >= good)
        if beyond and source == DATABASE:  # a second place is told of segments first
            found.append(Finding(kind="inserted", where=source, what=(
                f"segments {beyond[0]} to {beyond[-1]} are under no checkpoint")))
    return SignedLog(dict(segments), good, found)


def _absent(segments: Mapping[int, Segment], number: int, one: Checkpoint, source: str) -> Finding:
    is_end = not any(later > number for later in segments)
    return Finding(kind="truncated" if is_end else "deleted", where=source,
                   what=f"segment {number}, which checkpoint {one.number} signs, is not there")
