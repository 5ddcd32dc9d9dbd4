"""The files that tenants have left here, and those that batches have made for them."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from gateway.batches.place import Place, new_id, replace_whole
from gateway.batches.sealing import Damaged, Notes, SealedReader, SealedWriter

ORPHAN_SECONDS = 3600.0
NOTE, DATA, PART = ".note", ".data", ".part"


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a file. Times are Unix seconds; ``purpose`` is batch or batch_output."""

    id: str
    tenant: str
    filename: str
    purpose: str
    bytes: int
    created_at: float
    expires_at: float

    def document(self) -> dict[str, object]:
        """OpenAI's file object."""
        return {"id": self.id, "object": "file", "bytes": self.bytes, "created_at": int(self.created_at),
                "expires_at": int(self.expires_at), "filename": self.filename, "purpose": self.purpose,
                "status": "processed", "status_details": None}


class Draft:
    """A file that is being written. Ends in ``publish`` or ``discard``."""

    def __init__(self, path: Path, writer: SealedWriter, file_id: str,
                 publish: Callable[["Draft", str, str, float, float], StoredFile]) -> None:
        self.id = file_id
        self.path = path
        self.write = writer.write
        self.writer = writer
        self._publish = publish

    @property
    def size(self) -> int:
        return self.writer.size

    def publish(self, filename: str, purpose: str, expires_at: float, created_at: float = 0.0) -> StoredFile:
        """Makes it a file, durably; raises OSError. Without ``created_at`` it is made now."""
        return self._publish(self, filename, purpose, expires_at, created_at)

    def discard(self) -> None:
        self.writer.abandon()
        self.path.unlink(missing_ok=True)


class FileStore:
    """Always asked by tenant and id: another tenant's file is not there. All of it waits for a disk: to be called in a
    thread. What cannot be read raises OSError, or Damaged where somebody else has written there."""

    def __init__(self, place: Place, secret: bytes, wall: Callable[[], float] = time.time,
                 entropy: Callable[[int], bytes] = os.urandom) -> None:
        self._place = place
        self._secret = secret
        self._notes = Notes(secret, entropy)
        self._wall = wall
        self._entropy = entropy

    def draft(self, tenant: str, file_id: str = "") -> Draft:
        """A new file; one that has ``file_id`` already takes the place of what was begun under it."""
        file_id = file_id or new_id("file-", self._wall(), self._entropy)
        folder = self._place.files_of(tenant)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{file_id}{PART}"
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        return Draft(path, SealedWriter(fd, self._secret, file_id, self._entropy), file_id,
                     lambda draft, *told: self._publish(tenant, draft, *told))

    def _publish(self, tenant: str, draft: Draft, filename: str, purpose: str, expires_at: float,
                 created_at: float) -> StoredFile:
        draft.writer.close()
        stored = StoredFile(id=draft.id, tenant=tenant, filename=filename, purpose=purpose, bytes=draft.size,
                            created_at=created_at or self._wall(), expires_at=expires_at)
        draft.path.rename(draft.path.with_suffix(DATA))
        replace_whole(draft.path.with_suffix(NOTE), self._notes.closed(msgspec.json.encode(stored), draft.id))
        return stored

    def get(self, tenant: str, file_id: str) -> StoredFile | None:
        """None where it is not this tenant's, not there, or past its time."""
        path = self._place.file(tenant, file_id, NOTE)
        stored = self._read(path) if path is not None else None
        return stored if stored is not None and stored.expires_at > self._wall() else None

    def _read(self, path: Path) -> StoredFile | None:
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        return msgspec.json.decode(self._notes.opened(data, path.stem), type=StoredFile)

    def open(self, tenant: str, file_id: str) -> SealedReader | None:
        """Its content; None as ``get``."""
        path = self._place.file(tenant, file_id, DATA)
        try:
            return SealedReader.of(path, self._secret, file_id) if path is not None else None
        except FileNotFoundError:
            return None

    def link(self, tenant: str, file_id: str, to: Path) -> bool:
        """Gives the content a second name: it stays there when the file goes. False where there is none."""
        path = self._place.file(tenant, file_id, DATA)
        if path is None:
            return False
        with suppress(FileExistsError):
            try:
                os.link(path, to)
            except FileNotFoundError:
                return False
        return True

    def newest_first(self, tenant: str, *, after: str = "", ascending: bool = False) -> Iterator[StoredFile]:
        """A tenant's files, those behind ``after`` where it is given."""
        ids = sorted((path.stem for path in _notes_in(self._place.files_of(tenant))), reverse=not ascending)
        for file_id in ids:
            if after and (file_id <= after if ascending else file_id >= after):
                continue
            with suppress(Damaged):  # one that cannot be read hides no other
                stored = self.get(tenant, file_id)
                if stored is not None:
                    yield stored

    def delete(self, tenant: str, file_id: str) -> bool:
        if self.get(tenant, file_id) is None:
            return False
        note = self._place.file(tenant, file_id, NOTE)
        assert note is not None
        _remove(note)
        return True

    def used_bytes(self, tenant: str, apart_from: str = "") -> int:
        """What a tenant's files take on the disk, those included that are being written."""
        with suppress(FileNotFoundError):
            with os.scandir(self._place.files_of(tenant)) as entries:
                return sum(_size(entry) for entry in entries if not apart_from or apart_from not in entry.name)
        return 0

    def total_bytes(self) -> int:
        """What all tenants' take."""
        return sum(_size(entry) for folder in self._place.tenants("files") for entry in os.scandir(folder))

    def sweep(self) -> int:
        """Removes what is past its time, and what was begun and never became a file; returns how many."""
        removed, now = 0, self._wall()
        for folder in self._place.tenants("files"):
            for note in _notes_in(folder):
                with suppress(OSError, Damaged):
                    stored = self._read(note)
                    if stored is not None and stored.expires_at <= now:
                        _remove(note)
                        removed += 1
            for left in list(folder.iterdir()):
                with suppress(OSError):
                    if _is_orphan(left) and now - left.stat().st_mtime > ORPHAN_SECONDS:
                        left.unlink()
        return removed


def _notes_in(folder: Path) -> list[Path]:
    return list(folder.glob(f"file-*{NOTE}"))


def _remove(note: Path) -> None:
    note.unlink(missing_ok=True)  # first: without it nothing is there
    note.with_suffix(DATA).unlink(missing_ok=True)


def _is_orphan(path: Path) -> bool:
    return path.suffix == PART or path.name.startswith(".") or (
        path.suffix == DATA and not path.with_suffix(NOTE).exists())


def _size(entry: "os.DirEntry[str]") -> int:
    try:
        return entry.stat().st_size if entry.name.endswith((DATA, PART)) else 0
    except FileNotFoundError:
        return 0

