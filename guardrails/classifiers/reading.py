"""Reading: takes texts, remembers what was found in them, and lets a classifier read the rest in batches, in a thread.

The event loop only passes things on, so that it answers at once whatever the classifier does.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from guardrails.classifiers.classifier import Classifier, Span
from guardrails.classifiers.frames import Why
from guardrails.classifiers.memory import Key, Memory, key_of
from guardrails.classifiers.waiting import Job, Late, Waiting, characters

Asked = asyncio.Task[list[list[Span]]]

LIMIT_CHARACTERS = 256 * 1024
GATHER_SECONDS = 0.002
STUCK_SECONDS = 60.0


class NotRead(Exception):
    """A request that gets no findings; ``why`` is told to who asked."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why: Why = why


class Stuck(Exception):
    """A batch does not come back: nothing but a new process helps."""


class Readings:
    """One thread, one waiting line, one memory, for all classifiers of the process."""

    def __init__(self, now: Callable[[], float], told: Callable[[str, BaseException], None],
                 limit_characters: int = LIMIT_CHARACTERS, stuck_seconds: float = STUCK_SECONDS) -> None:
        """``told`` hears of a classifier that raised, by its name."""
        self._now = now
        self._told = told
        self._stuck_seconds = stuck_seconds
        self._classifiers: Mapping[str, Classifier] | None = None
        self._waiting = Waiting(limit_characters)
        self._memory = Memory()
        self._jobs: dict[Key, Job] = {}
        self._arrived = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "classifier")
        self.batches = 0
        self.windows = 0

    @property
    def loaded(self) -> bool:
        return self._classifiers is not None

    @property
    def waiting(self) -> tuple[int, int]:
        """Texts that are not read to their end, and the characters of them that nobody has begun to read."""
        return len(self._waiting), self._waiting.characters

    async def run(self, load: Callable[[], Mapping[str, Classifier]]) -> None:
        """Loads the classifiers, then reads until it is cancelled; raises Stuck, and whatever loading raises."""
        loop = asyncio.get_running_loop()
        try:
            self._classifiers = await loop.run_in_executor(self._thread, load)
            shared = False
            while True:
                await self._arrived.wait()
                if shared:  # others ask just now: a moment's patience makes the batches larger
                    await asyncio.sleep(GATHER_SECONDS)
                batch = self._waiting.take(self._now())
                if not batch:
                    self._arrived.clear()
                    shared = False
                    continue
                shared = len({id(job) for job, _ in batch}) > 1
                await self._read(batch)
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)

    def ask(self, name: str, texts: Sequence[str], seconds: float) -> list[list[Span]] | Asked:
        """What ``name`` finds in each text: at once where all of them were read before. Raises NotRead, here or there.

        Who cancels the task has given up.
        """
        if self._classifiers is None:
            raise NotRead("loading")
        classifier = self._classifiers.get(name)
        if classifier is None:
            raise NotRead("unknown")
        keys = [key_of(name, text) for text in texts]
        known = {key: found for key in keys if (found := self._memory.get(key)) is not None}
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if not new:
            return [known[key] for key in keys]
        jobs = self._jobs_for(classifier, new, self._now() + seconds)
        task = asyncio.ensure_future(self._wait(keys, known, jobs, seconds))
        # Not at the task's own end: one that is cancelled before it begins has none.
        task.add_done_callback(lambda _: self._leave(jobs))
        return task

    def _jobs_for(self, classifier: Classifier, texts: Mapping[Key, str], until: float) -> dict[Key, Job]:
        """The jobs, each with one taker more; those that others wait for already are shared."""
        fresh = {key: text for key, text in texts.items() if key not in self._jobs}
        if not self._waiting.has_room(sum(map(len, fresh.values()))):
            raise NotRead("full")
        windows = {key: classifier.windows(text) for key, text in fresh.items()}
        if not self._waiting.has_room(sum(map(characters, windows.values()))):
            raise NotRead("full")  # the overlaps were too much
        for key, text in fresh.items():
            self._add(key, Job(classifier, text, windows[key], asyncio.get_running_loop().create_future(), until))
        jobs = {key: self._jobs[key] for key in texts}
        for job in jobs.values():
            job.takers += 1
            job.until = max(job.until, until)
        self._arrived.set()
        return jobs

    def _add(self, key: Key, job: Job) -> None:
        self._jobs[key] = job
        job.done.add_done_callback(partial(self._settle, key))
        if job.windows:
            self._waiting.add(job)
        else:
            job.done.set_result([])

    def _settle(self, key: Key, done: "asyncio.Future[list[Span]]") -> None:
        known = self._jobs.get(key)
        if known is not None and known.done is done:
            del self._jobs[key]
        if not done.cancelled() and done.exception() is None:
            self._memory.put(key, done.result())

    async def _wait(self, keys: Sequence[Key], known: Mapping[Key, list[Span]], jobs: Mapping[Key, Job],
                    seconds: float) -> list[list[Span]]:
        try:
            await asyncio.wait([job.done for job in jobs.values()], timeout=seconds)
            found = dict(known)
            for key, job in jobs.items():
                if not job.done.done():
                    raise NotRead("late")
                found[key] = job.done.result()
            return [found[key] for key in keys]
        except Late:
            raise NotRead("late") from None
        except _Failed:
            raise NotRead("failed") from None

    def _leave(self, jobs: Mapping[Key, Job]) -> None:
        for key, job in jobs.items():
            job.takers -= 1
            if job.takers <= 0 and not job.done.done():
                self._jobs.pop(key, None)  # who asks for the same text from now on begins anew
                job.done.cancel()  # and the line drops it when it comes to it

    async def _read(self, batch: Sequence[tuple[Job, int]]) -> None:
        classifier = batch[0][0].classifier
        pieces = [job.piece(number) for job, number in batch]
        work = asyncio.get_running_loop().run_in_executor(self._thread, _read, classifier, pieces, batch)
        self.batches, self.windows = self.batches + 1, self.windows + len(batch)
        try:
            async with asyncio.timeout(self._stuck_seconds):
                finished = await work
        except TimeoutError:
            raise Stuck(classifier.name) from None
        except Exception as error:
            self._told(classifier.name, error)
            for job in {id(job): job for job, _ in batch}.values():
                if not job.done.done():
                    job.done.set_exception(_Failed())
            return
        for job, found in finished:
            if not job.done.done():
                job.done.set_result(found)


class _Failed(Exception):
    """The classifier raised."""


def _read(classifier: Classifier, pieces: Sequence[str],
          batch: Sequence[tuple[Job, int]]) -> list[tuple[Job, list[Span]]]:
    """In the thread: reads a batch, and concludes what it makes whole. Nobody else touches the readings of a job."""
    finished: list[tuple[Job, Any]] = []
    for (job, number), reading in zip(batch, classifier.read(pieces), strict=True):
        job.readings.append(reading)
        if number == len(job.windows) - 1:
            finished.append((job, classifier.conclude(job.text, job.windows, job.readings)))
    return finished
