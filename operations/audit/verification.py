"""Verifies a database's records against its audit log, and that against the public key and the second place."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence, Set

import msgspec
from sqlalchemy import Connection

from operations.audit import log_store
from operations.audit.chain_check import ChainCheck, Place
from operations.audit.checkpoint import Checkpoint, Segment
from operations.audit.finding import Finding
from operations.audit.log_check import DATABASE, SignedLog, against, genuine, sequence_of, signed_log
from operations.audit.merkle import root_of
from operations.audit.pruning import pruned_root
from operations.audit.second_place import Copy
from operations.audit.stored_chains import StoredChains

_PROGRESS_RECORDS = 20_000


class Report(msgspec.Struct):
    """What was verified, and what was found."""

    records: int = 0
    pruned: int = 0
    unsealed: int = 0
    unchained: int = 0
    chains: int = 0
    segments: int = 0
    checkpoints: int = 0
    newest: int = 0  # the newest checkpoint's number
    newest_at: float = 0.0
    seconds: float = 0.0
    copies: list[str] = []
    findings: list[Finding] = []
    notes: list[str] = []

    @property
    def is_sound(self) -> bool:
        return not any(one.is_fault for one in self.findings)


class Verification:
    """One run over one snapshot of a database. ``accepted`` are checkpoints that tell of a restore which is known."""

    def __init__(self, connection: Connection, keys: Sequence[bytes], copies: Sequence[Copy] = (),
                 accepted: Set[int] = frozenset(), progress: Callable[[int], None] = lambda _: None,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._connection = connection
        self._stored = StoredChains(connection)
        self._keys = keys
        self._copies = copies
        self._accepted = accepted
        self._progress = progress
        self._clock = clock
        self._leaves: dict[int, tuple[Copy, int]] = {}
        self.report = Report(copies=[copy.name for copy in copies])

    def run(self) -> Report:
        began = self._clock()
        report = self.report
        checkpoints = self._checkpoints()
        segments = self._segments(checkpoints)
        self._chains(segments)
        report.findings.extend(self._prunings())
        self._unchained(min((one.at for one in checkpoints.values()), default=float("inf")))
        if not self._copies:
            report.notes.append("without a second place (--checkpoints), records and checkpoints that were cut off "
                                "together cannot be missed, nor can whoever has the signing key be found out")
        if not checkpoints:
            report.notes.append("nothing is sealed yet: only the chains hold the records together")
        report.seconds = round(self._clock() - began, 3)
        return report

    def _checkpoints(self) -> dict[int, Checkpoint]:
        """The database's genuine checkpoints, checked against each other and against the second place's."""
        good, found = genuine(log_store.checkpoints(self._connection), self._keys, DATABASE)
        found.extend(sequence_of(good, DATABASE, self._accepted))
        for copy in self._copies:
            there, faults = genuine(copy.checkpoints, self._keys, copy.name)
            found += [*faults, *sequence_of(there, copy.name, self._accepted | good.keys())]
            found += against(good, there, copy.name, log_store.delivered_by(self._connection, copy.host))
        self.report.findings.extend(found)
        newest = good[max(good)] if good else None
        self.report.checkpoints = len(good)
        self.report.newest, self.report.newest_at = (newest.number, newest.at) if newest else (0, 0.0)
        return good

    def _segments(self, checkpoints: dict[int, Checkpoint]) -> dict[int, Segment]:
        """The segments to hold the records against: the second place's where it has them as signed, else the
        database's."""
        here = signed_log({one.number: one for one in log_store.segments(self._connection)}, checkpoints.values(),
                          DATABASE)
        self.report.segments = len(here.segments)
        self.report.findings.extend(here.findings)
        segments = dict(here.segments)
        for copy in self._copies:
            there, offsets = self._log_at(copy)
            self.report.findings.extend(there.findings)
            for number in range(there.size):
                self._leaves.setdefault(number, (copy, offsets[number]))
                if segments.get(number) != there.segments[number]:
                    self._differs(segments.get(number), there.segments[number], copy)
                    segments[number] = there.segments[number]
        return segments

    def _log_at(self, copy: Copy) -> tuple[SignedLog, dict[int, int]]:
        good, _ = genuine(copy.checkpoints, self._keys, copy.name)
        # Of checkpoints that a restore undid the segments were written over.
        undone = {number for one in good.values() if one.restored is not None
                  for number in range(one.restored + 1, one.number)}
        told = copy.segments()
        kept = [one for number, one in good.items() if number not in undone]
        log = signed_log({number: segment for number, (segment, _) in told.items()}, kept, copy.name)
        return log, {number: offset for number, (_, offset) in told.items()}

    def _differs(self, here: Segment | None, there: Segment, copy: Copy) -> None:
        self.report.findings.append(Finding(
            kind="deleted" if here is None else "rewritten", writer=there.writer, sequence=there.first, last=there.last,
            what=f"it is not the one that is signed, which {copy.name} has",
            where=f"segment {there.number} of {DATABASE}"))

    def _leaves_of(self, segment: Segment) -> list[bytes] | None:
        if segment.number not in self._leaves:
            return None
        copy, offset = self._leaves[segment.number]
        leaves = copy.leaves_at(offset)
        return leaves if leaves is not None and root_of(leaves) == segment.root else None

    def _chains(self, segments: dict[int, Segment]) -> None:
        of_writer: dict[str, list[Segment]] = defaultdict(list)
        for _, segment in sorted(segments.items()):
            of_writer[segment.writer].append(segment)
        heads = self._stored.heads()
        for writer in sorted({*self._stored.writers(), *of_writer}):
            self.report.chains += 1
            check = ChainCheck(writer, self._leaves_of)
            self.report.findings.extend(self._chain(check, writer, sorted(of_writer[writer], key=lambda s: s.first)))
            head, sealed = heads.get(writer, (None, 0))
            last = max((one.last for one in of_writer[writer]), default=0)
            self.report.findings.extend(check.end(head, last))
            if head is not None and sealed != last:
                self.report.findings.append(Finding(
                    kind="rewritten", writer=writer, what=f"it says that {sealed} records are sealed, not {last}",
                    where="the chains' table"))

    def _chain(self, check: ChainCheck, writer: str, segments: Sequence[Segment]) -> Iterator[Finding]:
        places = self._counted(self._stored.places(writer))
        ahead = next(places, None)
        for segment in segments:
            own: list[Place] = []
            while ahead is not None and ahead.sequence <= segment.last:
                own.append(ahead)
                ahead = next(places, None)
            yield from check.sealed(segment, own, ahead is None)
        gaps = self._stored.gaps(writer) if ahead is not None else {}
        while ahead is not None:
            self.report.unsealed += 1
            yield from check.unsealed(ahead, gaps)
            ahead = next(places, None)

    def _counted(self, places: Iterator[Place]) -> Iterator[Place]:
        for place in places:
            if place.is_pruned:
                self.report.pruned += 1
            else:
                self.report.records += 1
            if not (self.report.records + self.report.pruned) % _PROGRESS_RECORDS:
                self._progress(self.report.records + self.report.pruned)
            yield place

    def _prunings(self) -> Iterator[Finding]:
        for number, details, rows in self._stored.prunings():
            told = details.get("pruned") if isinstance(details, dict) else None
            if not isinstance(told, dict) or told.get("root") != pruned_root(rows).hex():
                yield Finding(kind="deleted", where=f"act {number}", writer=rows[0][0], sequence=rows[0][1],
                              what=f"{len(rows)} records are said to be pruned by it, and it does not say so")

    def _unchained(self, since: float) -> None:
        for kind, count, young in self._stored.unchained(since):
            self.report.unchained += count
            if young:
                self.report.findings.append(Finding(
                    kind="inserted", where=f"table {kind}",
                    what=f"{young} rows stand in no chain, and are younger than the first checkpoint"))
        if self.report.unchained:
            self.report.notes.append(f"{self.report.unchained} rows stand in no chain: a release before chains wrote "
                                     "them, and nothing is known of them")
