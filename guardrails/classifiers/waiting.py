"""The waiting line before the classifiers: texts in windows, taken in batches of about one length.

Texts take turns: of a long one, only some windows are read before others have theirs. What nobody waits for any more,
because it is too late or was given up, is never read.
"""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from guardrails.classifiers.classifier import Batching, Classifier, Cut
from guardrails.classifiers.window import Window

_AKIN = 1.6  # sizes in one batch differ by this factor at most: short ones are padded to the longest
_LOOKED_AT = 256  # so many of the line are looked at for one batch


class Job(msgspec.Struct, eq=False):
    """One text to be read. ``takers`` wait for it, until ``until`` (monotonic seconds) at most."""

    classifier: Classifier
    text: str
    done: "asyncio.Future[Any]"
    until: float
    takers: int = 0
    cut: Cut = Cut((), (), ())
    taken: int = 0  # windows that are read, or being read
    left: int = 0  # windows that are not read to their end
    readings: list[Any] = []

    @property
    def over(self) -> bool:
        return self.takers <= 0 or self.done.done()

    @property
    def size(self) -> int:
        """Of its next window."""
        return self.cut.sizes[self.taken]

    def is_cut(self, cut: Cut) -> None:
        self.cut, self.left, self.readings = cut, len(cut.pieces), [None] * len(cut.pieces)


class Late(Exception):
    """Its time was over before it was read."""


Batch = list[tuple[Job, int]]


class Waiting:
    """Bounded by the characters that are still to be read."""

    def __init__(self, limit_characters: int) -> None:
        self._limit = limit_characters
        self._jobs: deque[Job] = deque()
        self.characters = 0

    def __len__(self) -> int:
        return len(self._jobs)

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs)

    @property
    def full(self) -> bool:
        """Whether as many texts wait as are read at once: those of other classifiers and sizes count, too."""
        return bool(self._jobs) and len(self._jobs) >= self._jobs[0].classifier.batching.windows

    def has_room(self, characters: int) -> bool:
        return self.characters + characters <= self._limit

    def expect(self, characters: int) -> None:
        """Holds room for a text; whoever does has seen that there is some. ``add`` or ``forget`` must follow."""
        self.characters += characters

    def forget(self, characters: int) -> None:
        self.characters -= characters

    def add(self, job: Job) -> None:
        """Its text is expected, and cut into one window at least."""
        self._jobs.append(job)

    def take(self, now: float) -> Batch:
        """The next batch: windows of one classifier, by job and number. The one that has waited longest is in it, and
        those that are nearest to it in size."""
        seen = self._first_ones(now)
        if not seen:
            return []
        first = seen[0]
        size, slack = first.size, first.classifier.batching.slack
        akin = sorted((job for job in seen if job.classifier is first.classifier and _akin(size, job.size, slack)),
                      key=lambda job: abs(job.size - size))
        batch = _filled(akin, first.classifier.batching)
        touched = {id(job) for job, _ in batch}
        self._jobs.extendleft(reversed([job for job in seen if id(job) not in touched]))
        self._jobs.extend(job for job in seen if id(job) in touched and job.taken < len(job.cut.pieces))
        self.characters -= sum(_believed(job.cut.windows[number : number + 1]) for job, number in batch)
        return batch

    def _first_ones(self, now: float) -> list[Job]:
        seen: list[Job] = []
        while self._jobs and len(seen) < _LOOKED_AT:
            job = self._jobs.popleft()
            if not self._is_over(job, now):
                seen.append(job)
        return seen

    def _is_over(self, job: Job, now: float) -> bool:
        if now >= job.until and not job.done.done():
            job.done.set_exception(Late())
        if job.over:
            self.characters -= _believed(job.cut.windows[job.taken :])
        return job.over


def _believed(windows: Sequence[Window]) -> int:
    """How many characters they tell of: together, all of the text, each once."""
    return sum(window.last - window.first for window in windows)


def _akin(one: int, other: int, slack: int) -> bool:
    return max(one, other) <= _AKIN * min(one, other) + slack


def _filled(jobs: Sequence[Job], most: Batching) -> Batch:
    """A window of each, then another of each, until a batch is full. The first always has its turn."""
    batch: Batch = []
    first = longest = jobs[0].size
    turn = list(jobs)
    while turn:
        again: list[Job] = []
        for job in turn:
            wide = max(longest, job.size)
            full = len(batch) >= most.windows or wide * (len(batch) + 1) > most.size
            if batch and (full or not _akin(first, job.size, most.slack)):
                continue
            batch.append((job, job.taken))
            longest, job.taken = wide, job.taken + 1
            if job.taken < len(job.cut.pieces):
                again.append(job)
        turn = again
    return batch
