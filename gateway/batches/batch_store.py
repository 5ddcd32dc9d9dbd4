"""The batches of all tenants, each in a folder of its own.

Whoever holds the lock of a folder runs its batch; the kernel lets it go with the process. A note is changed by anybody,
under a lock of its own that is held for as long as one read and one write take.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from gateway.batches.batch import Batch
from gateway.batches.place import Place, new_id, replace_whole
from gateway.batches.sealing import Damaged, Notes

NOTE, LOCK, NOTE_LOCK, INPUT, RESULTS = "note", "lock", "note.lock", "input", "results"


class Held:
    """The right to run one batch."""

    def __init__(self, folder: Path, fd: int) -> None:
        self.folder = folder
        self._fd = fd

    def let_go(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class BatchStore:
    """As the FileStore: asked by tenant and id, and in a thread."""

    def __init__(self, place: Place, secret: bytes, wall: Callable[[], float] = time.time,
                 entropy: Callable[[int], bytes] = os.urandom) -> None:
        self.place = place
        self._notes = Notes(secret, entropy)
        self._wall = wall
        self._entropy = entropy

    def new_id(self) -> str:
        return new_id("batch_", self._wall(), self._entropy)

    def begin(self, batch: Batch, link_input: Callable[[Path], bool]) -> bool:
        """Makes the folder, then the note, then its place in the queue. False where there is no input any more."""
        folder = self.place.batch(batch.tenant, batch.id)
        assert folder is not None
        folder.mkdir(parents=True)
        if not link_input(folder / INPUT):
            shutil.rmtree(folder, ignore_errors=True)
            return False
        self._write(folder, batch)
        self.place.enqueue(folder)
        return True

    def get(self, tenant: str, batch_id: str) -> Batch | None:
        folder = self.place.batch(tenant, batch_id)
        return self.read(folder) if folder is not None else None

    def read(self, folder: Path) -> Batch | None:
        """Raises Damaged."""
        try:
            data = (folder / NOTE).read_bytes()
        except FileNotFoundError:
            return None
        return msgspec.json.decode(self._notes.opened(data, folder.name), type=Batch)

    def change(self, folder: Path, change: Callable[[Batch], None]) -> Batch | None:
        """Reads, changes and writes it, one at a time; what ``change`` raises leaves it as it was."""
        with _locked(folder / NOTE_LOCK):
            batch = self.read(folder)
            if batch is None:
                return None
            before = msgspec.json.encode(batch)
            change(batch)
            if msgspec.json.encode(batch) != before:
                self._write(folder, batch)
            return batch

    def _write(self, folder: Path, batch: Batch) -> None:
        replace_whole(folder / NOTE, self._notes.closed(msgspec.json.encode(batch), folder.name))

    def newest_first(self, tenant: str, *, after: str = "") -> Iterator[Batch]:
        """A tenant's batches, those behind ``after`` where it is given."""
        yield from self._in_order(self.place.batches_of(tenant), after)

    def of_all_tenants(self) -> Iterator[Batch]:
        """For operators."""
        for folder in self.place.tenants("batches"):
            yield from self._in_order(folder, "")

    def _in_order(self, folder: Path, after: str) -> Iterator[Batch]:
        try:
            ids = sorted(os.listdir(folder), reverse=True)
        except FileNotFoundError:
            return
        for batch_id in ids:
            if not after or batch_id < after:
                with suppress(Damaged):  # one that cannot be read hides no other
                    batch = self.read(folder / batch_id)
                    if batch is not None:
                        yield batch

    def unfinished(self, tenant: str) -> int:
        """How many of a tenant's batches have not ended."""
        own = self.place.batches_of(tenant)
        return sum(folder.parent == own for folder in self.place.queued())

    def take(self, folder: Path) -> Held | None:
        """The right to run it; None where somebody else has it."""
        try:
            fd = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            self.place.dequeue(folder)  # it was removed
            return None
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return None
        return Held(folder, fd)

    def end(self, folder: Path) -> None:
        """What an ended batch needs no more."""
        for name in (INPUT, RESULTS):
            (folder / name).unlink(missing_ok=True)
        self.place.dequeue(folder)

    def sweep(self, keep_seconds: float) -> int:
        """Removes the batches that ended ``keep_seconds`` ago; returns how many."""
        removed, now = 0, self._wall()
        for tenant in self.place.tenants("batches"):
            for folder in list(tenant.iterdir()):
                with suppress(OSError, Damaged):
                    batch = self.read(folder)
                    if batch is not None and batch.has_ended and now - max(batch.at.values()) > keep_seconds:
                        shutil.rmtree(folder)
                        removed += 1
        return removed


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
