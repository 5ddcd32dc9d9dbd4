"""Reading: takes texts, remembers what was found in them, and lets classifiers read the rest in batches, in threads.

The event loop only passes things on, so that it answers at once whatever the classifiers do.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Lock
from typing import Any, Literal, Protocol

from guardrails.classifiers.classifier import Classifier, Cut
from guardrails.classifiers.memory import Key, Memory
from guardrails.classifiers.question import About, Failed, Found, NotRead, Question, Request, question_of
from guardrails.classifiers.waiting import Batch, Job, Waiting
from models.batching import Pace, Timer

LIMIT_CHARACTERS = 256 * 1024
GATHER_SECONDS = 0.002
STUCK_SECONDS = 60.0
# Longer texts are cut into windows in a thread: a tokenizer takes a millisecond for some thousand characters.
SHORT_CHARACTERS = 2000

State = Literal["loading", "ready", "broken"]


class Stuck(Exception):
    """A batch does not come back: nothing but a new process helps."""


class Observer(Protocol):
    """Who is told what the classifiers do, by their names."""

    def failed(self, classifier: str, error: BaseException) -> None: ...
    def read(self, classifier: str, windows: int, seconds: float) -> None: ...
    def asked(self, classifier: str, texts: int, remembered: int) -> None: ...


class Readings:
    """One waiting line and one memory for all classifiers of the process; as many threads as batches are read at once.
    """

    def __init__(self, now: Callable[[], float], observer: Observer, expected: Iterable[str], threads: int = 1,
                 limit_characters: int = LIMIT_CHARACTERS, stuck_seconds: float = STUCK_SECONDS) -> None:
        """``expected`` are the names of the classifiers that will be added, or turn out to be broken."""
        self.states: dict[str, State] = dict.fromkeys(expected, "loading")
        self.on_change: set[Callable[[], None]] = set()
        self._now = now
        self._observer = observer
        self._stuck_seconds = stuck_seconds
        self._classifiers: dict[str, Classifier] = {}
        self._waiting = Waiting(limit_characters)
        self._memory = Memory()
        self._jobs: dict[Key, Job] = {}
        self._pace = Pace(self._waiting, self._send, time=now, later=_later, rest=GATHER_SECONDS, lanes=threads,
                          most=threads)
        self._told = False  # that something has arrived, in this turn
        self._under_way: set[asyncio.Task[None]] = set()
        self._stuck: asyncio.Future[None] | None = None
        self._threads = ThreadPoolExecutor(threads, "classifier")
        self._cutter = ThreadPoolExecutor(1, "cutter")
        self._placing = Lock()

    def add(self, classifier: Classifier) -> None:
        """From now on it can be asked."""
        self._classifiers[classifier.name] = classifier
        self.turn(classifier.name, "ready")

    def turn(self, name: str, state: State) -> None:
        self.states[name] = state
        for tell in list(self.on_change):
            tell()

    def waiting(self) -> dict[str, tuple[int, int]]:
        """By classifier, the texts of which windows wait to be taken, and the windows."""
        found = dict.fromkeys(self.states, (0, 0))
        for job in self._waiting:
            texts, windows = found.get(job.classifier.name, (0, 0))
            found[job.classifier.name] = texts + 1, windows + len(job.cut.pieces) - job.taken
        return found

    @property
    def waiting_characters(self) -> int:
        return self._waiting.characters

    async def run(self) -> None:
        """Reads until it is cancelled; raises Stuck."""
        self._stuck = asyncio.get_running_loop().create_future()
        try:
            await self._stuck
        finally:
            for reading in self._under_way:
                reading.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)
            for threads in (self._threads, self._cutter):
                threads.shutdown(wait=False, cancel_futures=True)

    # What is asked

    def ask(self, name: str, texts: Sequence[str], seconds: float, about: About | None = None
            ) -> "Found | asyncio.Future[Found]":
        """What ``name`` finds in each text: at once where all of them were read before. Raises NotRead, here or there.

        Who cancels the future has given up.
        """
        question = question_of(self._asked(name), texts, about or {})
        wanted = question.all_texts()
        known = {key: found for key in wanted if (found := self._memory.get(key)) is not None}
        new = {key: text for key, text in wanted.items() if key not in known}
        self._observer.asked(name, len(wanted), len(known))
        if not new:
            return self._at_once(question, known)
        jobs = self._jobs_for(question.classifier, new, self._now() + seconds)
        request = Request(question, known, jobs, seconds)
        request.answer.add_done_callback(lambda _: self._leave(jobs))
        return request.answer

    def _asked(self, name: str) -> Classifier:
        classifier = self._classifiers.get(name)
        if classifier is None:
            state = self.states.get(name)
            raise NotRead("unknown" if state is None else "broken" if state == "broken" else "loading")
        return classifier

    def _at_once(self, question: Question, known: Mapping[Key, Any]) -> Found:
        try:
            return question.answer(known)
        except Exception as error:  # a classifier's bug
            self._observer.failed(question.classifier.name, error)
            raise NotRead("failed") from None

    def _jobs_for(self, classifier: Classifier, texts: Mapping[Key, str], until: float) -> dict[Key, Job]:
        """The jobs, each with one taker more; those that others wait for already are shared."""
        fresh = {key: text for key, text in texts.items() if key not in self._jobs}
        if not self._waiting.has_room(sum(map(len, fresh.values()))):
            raise NotRead("full")
        loop = asyncio.get_running_loop()
        for key, text in fresh.items():
            self._jobs[key] = Job(classifier, text, loop.create_future(), until)
            self._jobs[key].done.add_done_callback(partial(self._settle, key))
        jobs = {key: self._jobs[key] for key in texts}
        for job in jobs.values():
            job.takers += 1
            job.until = max(job.until, until)
        for key in fresh:
            self._begin(self._jobs[key])
        return jobs

    def _begin(self, job: Job) -> None:
        self._waiting.expect(len(job.text))
        if len(job.text) > SHORT_CHARACTERS:
            cutting = asyncio.get_running_loop().run_in_executor(self._cutter, job.classifier.cut, job.text)
            cutting.add_done_callback(lambda done: self._line_up(job, done.result))
        else:
            self._line_up(job, lambda: job.classifier.cut(job.text))

    def _line_up(self, job: Job, cut: Callable[[], Cut]) -> None:
        try:
            if job.over:
                raise asyncio.CancelledError
            job.is_cut(cut())
        except (Exception, asyncio.CancelledError) as error:
            self._waiting.forget(len(job.text))
            self._fail([job], error)
            return
        if not job.cut.pieces:
            self._waiting.forget(len(job.text))
            job.done.set_result([])
            return
        self._waiting.add(job)
        if not self._told:  # what one question brings, and others beside it, goes together
            self._told = True
            asyncio.get_running_loop().call_soon(self._arrived)

    def _arrived(self) -> None:
        self._told = False
        self._pace.arrived()

    def _settle(self, key: Key, done: "asyncio.Future[Any]") -> None:
        known = self._jobs.get(key)
        if known is not None and known.done is done:
            del self._jobs[key]
        if not done.cancelled() and done.exception() is None:
            self._memory.put(key, done.result())

    def _leave(self, jobs: Mapping[Key, Job]) -> None:
        for key, job in jobs.items():
            job.takers -= 1
            if job.takers <= 0 and not job.done.done():
                self._jobs.pop(key, None)  # who asks for the same text from now on begins anew
                job.done.cancel()  # and the line drops it when it comes to it

    # What is read

    def _send(self, batch: Batch) -> None:
        reading = asyncio.ensure_future(self._read(batch))
        self._under_way.add(reading)
        reading.add_done_callback(partial(self._returned, len({id(job) for job, _ in batch}) > 1))

    def _returned(self, shared: bool, reading: "asyncio.Task[None]") -> None:
        self._under_way.discard(reading)
        if reading.cancelled():
            return
        error = reading.exception()
        if error is None:
            self._pace.returned(shared=shared)
        elif self._stuck is not None and not self._stuck.done():
            self._stuck.set_exception(error)

    async def _read(self, batch: Batch) -> None:
        classifier = batch[0][0].classifier
        began = self._now()
        work = asyncio.get_running_loop().run_in_executor(self._threads, self._read_here, classifier, batch)
        try:
            async with asyncio.timeout(self._stuck_seconds):
                finished = await work
        except TimeoutError:
            raise Stuck(classifier.name) from None
        except Exception as error:
            self._fail([job for job, _ in batch], error)
            return
        self._observer.read(classifier.name, len(batch), self._now() - began)
        for job, found in finished:
            if not job.done.done():
                job.done.set_result(found)

    def _fail(self, jobs: Sequence[Job], error: BaseException) -> None:
        if isinstance(error, Exception):
            self._observer.failed(jobs[0].classifier.name, error)
        for job in jobs:
            if not job.done.done():
                job.done.set_exception(Failed())

    def _read_here(self, classifier: Classifier, batch: Batch) -> list[tuple[Job, Any]]:
        """In a thread: reads a batch, and concludes what it makes whole."""
        readings = classifier.read([job.cut.pieces[number] for job, number in batch])
        finished: list[Job] = []
        with self._placing:
            for (job, number), reading in zip(batch, readings, strict=True):
                job.readings[number] = reading
                job.left -= 1
                if not job.left:
                    finished.append(job)
        return [(job, classifier.conclude(job.text, job.cut.windows, job.readings)) for job in finished]


def _later(seconds: float, call: Callable[[], None]) -> Timer:
    return asyncio.get_running_loop().call_later(seconds, call)
