"""The waiting line before a classifier: texts in windows, taken in batches of about one length.

Texts take turns: of a long one, only some windows are read before others have theirs. What nobody waits for any more,
because it is too late or was given up, is never read.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Any

import msgspec

from guardrails.classifiers.classifier import Classifier, Span
from guardrails.classifiers.window import Window

# Measured: larger batches of full windows cost more a character, as they leave the processor's cache.
BATCH_CHARACTERS = 1920
BATCH_WINDOWS = 16
_AKIN = 1.6  # lengths in one batch differ by this factor at most: short ones are padded to the longest


class Job(msgspec.Struct, eq=False):
    """One text to be read. ``takers`` wait for it, until ``until`` (monotonic seconds) at most."""

    classifier: Classifier
    text: str
    windows: list[Window]
    done: "asyncio.Future[list[Span]]"
    until: float
    takers: int = 0
    taken: int = 0  # windows that are read, or being read
    readings: list[Any] = []

    @property
    def over(self) -> bool:
        return self.takers <= 0 or self.done.done()

    def piece(self, number: int) -> str:
        return self.text[self.windows[number].start : self.windows[number].end]


class Late(Exception):
    """Its time was over before it was read."""


class Waiting:
    """Bounded by the characters that are still to be read."""

    def __init__(self, limit_characters: int) -> None:
        self._limit = limit_characters
        self._jobs: deque[Job] = deque()
        self.characters = 0

    def __len__(self) -> int:
        return len(self._jobs)

    def has_room(self, characters: int) -> bool:
        return self.characters + characters <= self._limit

    def add(self, job: Job) -> None:
        """Whoever adds has seen that there is room."""
        self.characters += characters(job.windows)
        self._jobs.append(job)

    def take(self, now: float) -> list[tuple[Job, int]]:
        """The next batch: windows of one classifier, by job and number. The one that has waited longest is in it."""
        batch: list[tuple[Job, int]] = []
        passed: deque[Job] = deque()
        used = 0
        while self._jobs and len(batch) < BATCH_WINDOWS and used < BATCH_CHARACTERS:
            job = self._jobs.popleft()
            if self._is_over(job, now):
                continue
            window = job.windows[job.taken]
            if batch and not _fits(batch[0], job, used):
                passed.append(job)
                continue
            batch.append((job, job.taken))
            used += _length(window)
            self.characters -= _length(window)
            job.taken += 1
            if job.taken < len(job.windows):
                self._jobs.append(job)
        self._jobs.extendleft(reversed(passed))
        return batch

    def _is_over(self, job: Job, now: float) -> bool:
        if now >= job.until and not job.done.done():
            job.done.set_exception(Late())
        if job.over:
            self.characters -= characters(job.windows[job.taken :])
        return job.over


def characters(windows: Iterable[Window]) -> int:
    """How many have to be read."""
    return sum(map(_length, windows))


def _length(window: Window) -> int:
    return window.end - window.start


def _fits(first: tuple[Job, int], job: Job, used: int) -> bool:
    ours, size = _length(first[0].windows[first[1]]), _length(job.windows[job.taken])
    return (job.classifier is first[0].classifier and used + size <= BATCH_CHARACTERS
            and max(ours, size) <= _AKIN * min(ours, size) + 16)
