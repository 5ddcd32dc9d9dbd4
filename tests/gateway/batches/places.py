"""A folder of files and batches for tests: everything is real but the clock."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from gateway.batches.batch import Batch
from gateway.batches.batch_store import BatchStore
from gateway.batches.file_store import FileStore, StoredFile
from gateway.batches.place import Place
from gateway.batches.sealing import SealedReader, SealedWriter

SECRET = b"f" * 32


class Wall:
    """Unix seconds that stand still until a test moves them."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        self.now += 0.001  # ids made one after the other are in that order
        return self.now


class Shelf:
    """One host's folder."""

    def __init__(self, folder: Path, secret: bytes = SECRET) -> None:
        self.wall = Wall()
        self.place = Place(folder, secret)
        self.files = FileStore(self.place, secret, self.wall)
        self.batches = BatchStore(self.place, secret, self.wall)

    def file(self, content: bytes = b"", tenant: str = "shop", *, keep: float = 3600.0,
             purpose: str = "batch") -> StoredFile:
        draft = self.files.draft(tenant)
        draft.write(content)
        return draft.publish("input.jsonl", purpose, self.wall() + keep)

    def batch(self, content: bytes = b"", tenant: str = "shop", **more: object) -> Batch:
        file = self.file(content, tenant)
        batch = Batch(id=self.batches.new_id(), tenant=tenant, key="k", endpoint="/v1/chat/completions",
                      input_file_id=file.id, created_at=self.wall(), **more)  # type: ignore[arg-type]
        assert self.batches.begin(batch, lambda to: self.files.link(tenant, file.id, to))
        return batch

    def folder_of(self, batch: Batch) -> Path:
        folder = self.place.batch(batch.tenant, batch.id)
        assert folder is not None
        return folder


def sealed(path: Path, content: bytes, about: str = "a file", secret: bytes = SECRET,
           entropy: Callable[[int], bytes] = os.urandom) -> Path:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    writer = SealedWriter(fd, secret, about, entropy)
    writer.write(content)
    writer.close(sync=False)
    return path


def reader_of(path: Path, content: bytes) -> SealedReader:
    return SealedReader.of(sealed(path, content), SECRET, "a file")
