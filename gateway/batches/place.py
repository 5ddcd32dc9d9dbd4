"""Where files and batches lie: names that tell neither tenant nor content, in a folder that hosts may share.

    files/TENANT/ID.data       the content, sealed; ID.note is what is known of it
    batches/TENANT/ID/         note, lock, and while it runs input and results
    queue/TENANT.ID            an empty file for each batch that has not ended
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

ID_DIGITS = 28
_FILE_ID = re.compile(rf"file-[0-9a-f]{{{ID_DIGITS}}}")
_BATCH_ID = re.compile(rf"batch_[0-9a-f]{{{ID_DIGITS}}}")


def new_id(prefix: str, now: float, entropy: Callable[[int], bytes] = os.urandom) -> str:
    """12 digits of Unix milliseconds and 16 drawn: ids are in order of time, and cannot be guessed."""
    return f"{prefix}{int(now * 1000):012x}{entropy(8).hex()}"


def created_at(written: str) -> float:
    """When an id was made, in Unix seconds."""
    return int(written[-ID_DIGITS:][:12], 16) / 1000


class Place:
    """The folder. An id of another shape has no path: what a client sends never becomes part of one unread."""

    def __init__(self, folder: Path, secret: bytes) -> None:
        self.folder = folder
        self._secret = secret

    def tenant(self, name: str) -> str:
        """What a tenant is called here."""
        return blake2b(name.encode("utf-8", "surrogatepass"), key=self._secret, person=b"tenant",
                       digest_size=16).hexdigest()

    def files_of(self, tenant: str) -> Path:
        return self.folder / "files" / self.tenant(tenant)

    def batches_of(self, tenant: str) -> Path:
        return self.folder / "batches" / self.tenant(tenant)

    def file(self, tenant: str, file_id: str, suffix: str) -> Path | None:
        return self.files_of(tenant) / f"{file_id}{suffix}" if _FILE_ID.fullmatch(file_id) else None

    def batch(self, tenant: str, batch_id: str) -> Path | None:
        return self.batches_of(tenant) / batch_id if _BATCH_ID.fullmatch(batch_id) else None

    def tenants(self, kind: str) -> Iterator[Path]:
        """The folders of all tenants: ``kind`` is files or batches."""
        with suppress(FileNotFoundError):
            yield from sorted((self.folder / kind).iterdir())

    # The queue

    def queued(self) -> list[Path]:
        """The folders of the batches that have not ended, the oldest first."""
        try:
            names = os.listdir(self.folder / "queue")
        except FileNotFoundError:
            return []
        pairs = sorted((name.partition(".") for name in names), key=lambda pair: pair[2])
        return [self.folder / "batches" / tenant / batch for tenant, _, batch in pairs if _BATCH_ID.fullmatch(batch)]

    def enqueue(self, batch: Path) -> None:
        path = self._in_queue(batch)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    def dequeue(self, batch: Path) -> None:
        self._in_queue(batch).unlink(missing_ok=True)

    def _in_queue(self, batch: Path) -> Path:
        return self.folder / "queue" / f"{batch.parent.name}.{batch.name}"


def replace_whole(path: Path, data: bytes) -> None:
    """Writes a small file whole or not at all, and durably."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    fd = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, data)
        os.fsync(fd)
        os.rename(aside, path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    finally:
        os.close(fd)
