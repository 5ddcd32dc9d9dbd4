"""Follows the journals for the metrics, whether or not the database takes what is in them."""

import asyncio
from collections.abc import Mapping, Set
from pathlib import Path

from gateway.telemetry.logs import Log
from operations.ledger.tail import Tail, Trouble
from operations.metrics.fold import Fold

SLICE_RECORDS = 500  # a few milliseconds of the event loop
PAUSE_SECONDS = 0.1


class Following:
    """Adds each record to the fold once in this process's life; says what could not be read."""

    def __init__(self, folder: Path, fold: Fold, log: Log) -> None:
        self.torn_total = 0
        self.unreadable_total = 0
        self.missing_total = 0
        self._folder = folder
        self._tail = Tail(folder, {}, self._note, doubles=False)
        self._fold = fold
        self._log = log

    def start_from(self, positions: Mapping[str, int]) -> None:
        """Leaves out what stands before ``positions``; called before the first step."""
        self._tail = Tail(self._folder, positions, self._note, doubles=False)

    @property
    def spent(self) -> Set[str]:
        """The segments that are not needed here any more."""
        return self._tail.finished

    async def run(self) -> None:
        """Follows until it is cancelled."""
        while True:
            folded = self.step()
            await asyncio.sleep(0 if folded >= SLICE_RECORDS else PAUSE_SECONDS)

    def step(self) -> int:
        """Folds one slice; returns how many records."""
        count = 0
        for chunk in self._tail.read(SLICE_RECORDS):
            for record in chunk.records:
                self._fold.add(record)
            count += len(chunk.records)
        return count

    def _note(self, trouble: Trouble) -> None:
        if trouble.kind == "gap":
            self.missing_total += trouble.last - trouble.first + 1
            self._log.error("journal_gap", segment=trouble.segment, at_byte=trouble.position, writer=trouble.writer,
                            first=trouble.first, last=trouble.last)
            return
        if trouble.kind == "torn":
            self.torn_total += 1
        else:
            self.unreadable_total += 1
        self._log.error(f"journal_{trouble.kind}", segment=trouble.segment, at_byte=trouble.position,
                        lost_bytes=trouble.lost_bytes)
