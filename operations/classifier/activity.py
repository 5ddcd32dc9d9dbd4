"""Counts what the classifiers do, for whoever reads metrics."""

from bisect import bisect_left
from collections.abc import Callable, Sequence

from gateway.telemetry.logs import Log, places_of
from guardrails.classifiers.reading import Readings
from operations.classifier.status import BATCH_SECONDS, BATCH_WINDOWS, ClassifierStatus, Counts, OneStatus


class Activity:
    """The observer of a process's readings. A classifier that raises is told to the log, without any text."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._counts: dict[str, Counts] = {}

    def failed(self, classifier: str, error: BaseException) -> None:
        self._of(classifier).failures += 1
        self._log.error("classifier_failed", classifier=classifier, error=type(error).__name__,
                        at_places=places_of(error))

    def read(self, classifier: str, windows: int, seconds: float) -> None:
        counts = self._of(classifier)
        counts.windows += windows
        counts.seconds += seconds
        _count(counts.window_counts, BATCH_WINDOWS, windows)
        _count(counts.second_counts, BATCH_SECONDS, seconds)

    def asked(self, classifier: str, texts: int, remembered: int) -> None:
        counts = self._of(classifier)
        counts.texts += texts
        counts.remembered += remembered

    def _of(self, classifier: str) -> Counts:
        return self._counts.setdefault(classifier, Counts())

    def status(self, process: str, pid: int, readings: Readings, wall: Callable[[], float]) -> ClassifierStatus:
        waiting = readings.waiting()
        return ClassifierStatus(process=process, pid=pid, at=wall(), classifiers=[
            OneStatus(name=name, state=state, waiting_windows=waiting[name][1], counts=self._of(name))
            for name, state in readings.states.items()])


def _count(counts: list[int], boundaries: Sequence[float], value: float) -> None:
    counts[bisect_left(boundaries, value)] += 1
