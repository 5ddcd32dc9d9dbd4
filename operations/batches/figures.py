"""What the metrics say of batches and files, looked up beside the event loop from time to time."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

from prometheus_client.core import GaugeMetricFamily, Metric

from gateway.batches.batch import ENDED, STATES
from gateway.batches.batch_store import BatchStore
from gateway.batches.file_store import FileStore
from gateway.batches.sealing import Damaged

EVERY_SECONDS = 10.0


class Figures:
    """As of the last look."""

    def __init__(self, batches: BatchStore, files: FileStore) -> None:
        self._batches = batches
        self._files = files
        self._states: Counter[str] = Counter()
        self._lines_left = 0
        self._bytes = 0

    async def run(self) -> None:
        """Looks until it is cancelled."""
        while True:
            with suppress(OSError):
                await asyncio.to_thread(self.look)
            await asyncio.sleep(EVERY_SECONDS)

    def look(self) -> None:
        states: Counter[str] = Counter()
        left = 0
        for folder in self._batches.place.queued():
            with suppress(OSError, Damaged):
                batch = self._batches.read(folder)
                if batch is not None and not batch.has_ended:
                    states[batch.state] += 1
                    left += batch.total - batch.completed - batch.failed
        self._states, self._lines_left, self._bytes = states, left, self._files.total_bytes()

    def families(self) -> Iterator[Metric]:
        by_state = GaugeMetricFamily("gatewright_batches", "Batches that have not ended", labels=["state"])
        for state in STATES:
            if state not in ENDED:
                by_state.add_metric([state], self._states[state])
        yield by_state
        yield GaugeMetricFamily("gatewright_batch_lines_left", "Lines of theirs that have no result yet",
                                value=self._lines_left)
        yield GaugeMetricFamily("gatewright_file_bytes", "What applications' files take on the disk",
                                value=self._bytes)
