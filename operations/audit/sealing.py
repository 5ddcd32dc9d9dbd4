"""Seals: records since the last time become segments, and a checkpoint signs all segments so far."""

import os
from collections.abc import Callable, Iterator

import msgspec
from sqlalchemy import Connection

from operations.audit import chains, log_store
from operations.audit.checkpoint import Checkpoint, Segment
from operations.audit.log_store import Unsealed
from operations.audit.merkle import EMPTY, Tree, root_of
from operations.secrets.signing import Signer
from operations.store.engine import LOCK_SECONDS

SEGMENT_RECORDS = 8192
SEAL_RECORDS = 5 * SEGMENT_RECORDS  # in one transaction: others wait for the database meanwhile
QUIET_SECONDS = 3600.0  # after which the life of a worker that tells nothing is taken to be over


class Sealed(msgspec.Struct, frozen=True):
    """What one sealing did. ``is_damaged``: the log in the database is not the one that its newest checkpoint signs."""

    checkpoint: Checkpoint | None = None
    records: int = 0
    is_damaged: bool = False


class Sealer:
    """Keeps the log's tree between sealings, and reads it again where the database has gone on without it."""

    def __init__(self, signer: Signer, entropy: Callable[[int], bytes] = os.urandom) -> None:
        self._signer = signer
        self._entropy = entropy
        self._tree = Tree()
        self._newest: Checkpoint | None = None

    def is_own(self, checkpoint: Checkpoint) -> bool:
        """Whether it was signed with the key of this host."""
        return checkpoint.is_of(self._signer.public)

    def seal(self, connection: Connection, at: float, known: Checkpoint | None = None) -> Sealed:
        """Seals what is not sealed, or the first of it; ``at`` is Unix seconds, ``known`` the newest checkpoint of the
        second place. No checkpoint is made where there is nothing to seal."""
        chains.hold(connection)
        newest = log_store.newest_checkpoint(connection)
        tree, is_damaged = self._tree_at(connection, newest)
        segments = list(_segments(connection, at, max(tree.size, log_store.next_segment(connection))))
        if not segments:
            return Sealed(is_damaged=is_damaged)
        for segment in segments:
            tree.add(segment.leaf())
        checkpoint = self._checkpoint(at, tree, log_store.next_checkpoint(connection), newest, known)
        log_store.add(connection, segments, checkpoint)
        self._tree, self._newest = tree, checkpoint
        return Sealed(checkpoint, sum(segment.count for segment in segments), is_damaged)

    def _tree_at(self, connection: Connection, newest: Checkpoint | None) -> tuple[Tree, bool]:
        if newest is None or newest != self._newest:
            if connection.dialect.name == "postgresql":  # a log of years is read once, at the start
                from operations.store.postgresql import take_your_time
                take_your_time(connection, LOCK_SECONDS)
            tree = Tree(segment.leaf() for segment in log_store.segments(connection))
            return tree, newest is not None and (tree.size, tree.root()) != (newest.size, newest.root)
        return self._tree.copy(), False

    def _checkpoint(self, at: float, tree: Tree, number: int, newest: Checkpoint | None,
                    known: Checkpoint | None) -> Checkpoint:
        before, restored = newest, None
        if known is not None and known.number >= number:
            before, restored, number = known, number - 1, known.number + 1
        return Checkpoint(
            number=number, at=at, log=before.log if before else self._entropy(8).hex(),
            size=tree.size, root=tree.root(), previous=before.digest() if before else b"", restored=restored,
            key=self._signer.public.hex()).signed_by(self._signer)


def _segments(connection: Connection, at: float, number: int) -> Iterator[Segment]:
    room = SEAL_RECORDS
    for one in log_store.unsealed(connection):
        for segment in _segments_of(connection, one, at, number, room):
            number += 1
            room -= segment.count
            yield segment
        if room <= 0:
            return
    for one in log_store.quiet(connection, at - QUIET_SECONDS):
        yield Segment(number=number, at=at, writer=one.writer, first=one.sealed + 1, last=one.sealed, count=0,
                      root=EMPTY, head=one.digest, final=True)
        number += 1


def _segments_of(connection: Connection, one: Unsealed, at: float, number: int, room: int) -> Iterator[Segment]:
    sealed, head = one.sealed, b""
    while sealed < one.sequence and room > 0:
        records = log_store.records(connection, one.writer, sealed, SEGMENT_RECORDS)
        # The last one reaches to the chain's end, where places may have been given up.
        last = records[-1][0] if len(records) == SEGMENT_RECORDS else one.sequence
        head = records[-1][1] if records else head
        yield Segment(number=number, at=at, writer=one.writer, first=sealed + 1, last=last, count=len(records),
                      root=root_of(digest for _, digest in records), head=head or one.digest,
                      gaps=log_store.gaps(connection, one.writer, sealed, last))
        number, sealed, room = number + 1, last, room - len(records)
