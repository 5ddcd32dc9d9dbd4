"""A run: one batch, as long as this worker has it. It begins wherever the last one stopped."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeVar

from gateway.batches.agenda import Agenda
from gateway.batches.batch import Batch, LineError, NotPossible, Usage
from gateway.batches.batch_store import INPUT, RESULTS, Held
from gateway.batches.erasing import subject_in
from gateway.batches.last_record import hand_over, is_journaled, was_handed_over
from gateway.batches.line import Checker
from gateway.batches.open_lines import OpenLines
from gateway.batches.outputs import write_outputs
from gateway.batches.place import new_id
from gateway.batches.results import Result, Results
from gateway.batches.scanning import Input, scan
from gateway.batches.sealing import Damaged, SealedReader
from gateway.batches.surroundings import Surroundings

T = TypeVar("T")
LOOK_SECONDS = 0.5


class Anything:
    """A set of all names: an input that was found good is read again without asking which models there are now."""

    def __contains__(self, name: object) -> bool:
        return True


class Run:
    """``go`` returns when the batch has ended, or ``stop`` was called; it raises Damaged and OSError."""

    def __init__(self, held: Held, around: Surroundings) -> None:
        self.folder = held.folder
        self._held = held
        self._around = around
        self._batch: Batch = None  # type: ignore[assignment]  # go() sets these
        self._found: Input = None  # type: ignore[assignment]
        self._reader: SealedReader | None = None
        self._results: Results | None = None
        self._lines: OpenLines | None = None
        self._synced = 0
        self._look_at = 0.0
        self._stopping = False
        self._woken = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Run {self._batch!r} {len(self._lines or ())} open>"

    async def go(self) -> None:
        try:
            await self._go()
        finally:
            self._close_lines("handed_on")
            await self._aside(self._close)

    def stop(self) -> None:
        """Gives back what is in flight, at once; the batch is anybody's then."""
        self._stopping = True
        self._close_lines("handed_on")
        self._woken.set()

    def _close_lines(self, code: str) -> None:
        if self._lines is not None:
            self._lines.close(code)

    async def _aside(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._around.threads, work)

    def _close(self) -> None:
        if self._results is not None and not self._batch.has_ended:
            hand_over(self.folder)
        for one in (self._reader, self._results):
            if one is not None:
                one.close()
        self._held.let_go()

    async def _go(self) -> None:
        batch = await self._aside(lambda: self._around.batches.read(self.folder))
        if batch is None or batch.has_ended:
            await self._aside(lambda: self._around.batches.end(self.folder))
            return
        self._batch = batch
        try:
            await self._take_up()
            while not self._stopping and not self._batch.has_ended:
                await self._step()
        except Damaged:
            await self._end_as("damaged", LineError("file_damaged", "The batch's files cannot be read any more."))

    # Beginning

    async def _take_up(self) -> None:
        """Reads the input; the first time, checks it. Opens the results, and sees to the record of the last."""
        batch, around = self._batch, self._around
        first = batch.state == "validating"
        models = around.snapshot().routes if first else Anything()
        checker = Checker(batch.endpoint, models, around.limits.body_bytes)
        self._reader = await self._aside(
            lambda: SealedReader.of(self.folder / INPUT, around.secret, batch.input_file_id))
        reader = self._reader
        found = self._found = await self._aside(lambda: scan(reader, checker, around.settings.lines))
        if first and found.errors:
            await self._end_as("invalid", *found.errors, untold=found.errors_untold)
            return
        if first:
            await self._change(lambda batch: _begin(batch, len(found), around.clock.wall()))
        self._results = await self._aside(
            lambda: Results(self.folder / RESULTS, around.secret, batch.id, len(found)))
        results = self._results
        if await self._aside(lambda: self._lacks_record(results)):
            assert results.last is not None
            around.book.append_again(results.last.record)
        if not self._stopping:
            self._lines = OpenLines(self._batch, Agenda(found, lambda line: results.at[line] != 0), results,
                                    self._read, around, self._woken.set)

    def _lacks_record(self, results: Results) -> bool:
        """Whether the record of the last result may be nowhere: see gateway.batches.last_record."""
        in_order = was_handed_over(self.folder)
        return results.last is not None and not in_order and not is_journaled(
            self._around.journal, results.last.record.id)

    async def _end_as(self, event: str, *errors: LineError, untold: int = 0) -> None:
        around = self._around

        def end(batch: Batch) -> None:
            batch.errors, batch.errors_untold = list(errors), untold
            batch.move(event, around.clock.wall())

        await self._change(end)
        await self._over()

    async def _change(self, change: Callable[[Batch], None]) -> None:
        """Changes the note, which others change too: a move that is not possible any more is not made."""
        def attempt() -> Batch | None:
            with suppress(NotPossible):
                return self._around.batches.change(self.folder, change)
            return self._around.batches.read(self.folder)

        batch = await self._aside(attempt)
        if batch is None:
            raise Damaged("its note is gone")
        self._batch = batch

    async def _over(self) -> None:
        batch = self._batch
        if batch.has_ended:
            await self._aside(lambda: self._around.batches.end(self.folder))
            self._around.log.info("batch_ended", batch=batch.id, state=batch.state, total=batch.total,
                                  completed=batch.completed, failed=batch.failed)

    # Going on

    async def _step(self) -> None:
        """Looks at the state, does what it asks for, and rests until something happens."""
        state = self._batch.state
        if state == "in_progress":
            await self._ask_lines()
        elif state == "finalizing":
            await self._finish("written", "")
        elif state == "cancelling":
            self._close_lines("cancelled")
            await self._finish("written", "cancel" if self._batch.total else "")

    async def _ask_lines(self) -> None:
        around, batch = self._around, self._batch
        if around.clock.wall() >= batch.expires_at:
            self._close_lines("expired")
            await self._finish("window_over", "window_over")
            return
        if not self._key_is_known():
            self._close_lines("key_removed")
            await self._finish("key_removed", "key_removed", LineError(
                "key_removed", "The key that the batch was made with is gone."))
            return
        lines, results = self._lines, self._results
        assert lines is not None
        assert results is not None
        await lines.fill(self._look_at)
        if len(results) == len(self._found):
            await self._change(lambda batch: batch.move("all_done", around.clock.wall()))
            return
        if around.clock.time() < self._look_at:
            await self._rest()
        if around.clock.time() >= self._look_at:
            self._look_at = around.clock.time() + LOOK_SECONDS
            await self._note_progress(results)

    async def _read(self, line: int) -> bytes:
        reader, found = self._reader, self._found
        assert reader is not None
        return await self._aside(lambda: reader.read(found.starts[line], found.lengths[line]))

    async def _rest(self) -> None:
        """Until there may be something to do."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await self._woken.wait()
        self._woken.clear()

    async def _note_progress(self, results: Results) -> None:
        if len(results) != self._synced:
            self._synced = len(results)
            await self._aside(results.sync)
        await self._change(lambda batch: _progress(batch, results))

    def _key_is_known(self) -> bool:
        keys, batch = self._around.keys, self._batch
        return keys is None or any(key.id == batch.key and key.tenant == batch.tenant for key in keys.values())

    async def _finish(self, event: str, why: str, *errors: LineError) -> None:
        """Writes the output, then the move: a run that is ended in between does both again."""
        around, reader, results = self._around, self._reader, self._results
        assert reader is not None
        if results is None:  # cancelled before it began
            results = self._results = await self._aside(
                lambda: Results(self.folder / RESULTS, around.secret, self._batch.id, len(self._found)))
        written = results
        await self._change(lambda batch: _plan(batch, around.clock.wall()))
        output, errors_file = await self._aside(lambda: self._write(reader, written, why))

        def end(batch: Batch) -> None:
            _progress(batch, written)
            batch.output_file_id, batch.error_file_id = output, errors_file
            if why:
                batch.failed = batch.total - batch.completed
            batch.errors = list(errors)
            batch.move(event, around.clock.wall())

        await self._change(end)
        await self._over()

    def _write(self, reader: SealedReader, results: Results, why: str) -> tuple[str | None, str | None]:
        """In a thread. Once more where somebody was erased meanwhile."""
        around, batch = self._around, self._batch
        assert batch.planned is not None
        expires_at = around.clock.wall() + (batch.output_seconds or around.settings.keep)
        while True:
            erased = around.erased.of(batch.tenant)

            def gone(result: Result | None, line: bytes, erased: Mapping[str, float] = erased) -> bool:
                if result is not None:
                    record = result.record
                    return max(erased.get(record.subject, 0.0), erased.get(record.id, 0.0)) > record.started_at
                return bool(erased) and subject_in(line, batch.tenant, around.subject_of) in erased

            ids = write_outputs(around.files, batch.tenant, batch.id, batch.planned, self._found, reader, results, why,
                                expires_at, gone)
            if around.erased.of(batch.tenant) == erased:
                return ids


def _begin(batch: Batch, total: int, now: float) -> None:
    batch.total = total
    batch.move("valid", now)


def _progress(batch: Batch, results: Results) -> None:
    batch.completed, batch.failed = results.completed, results.failed
    batch.usage = Usage(results.prompt_tokens, results.cached_tokens, results.completion_tokens)


def _plan(batch: Batch, now: float) -> None:
    """The ids of the files that are about to be written: whoever goes on from here writes the same ones."""
    if batch.planned is None:
        batch.planned = new_id("file-", now), new_id("file-", now)

