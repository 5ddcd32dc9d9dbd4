"""The snapshot file: the live revision on this host's disk, written by the control process, read by every worker.

``snapshot.json`` is replaced in one rename, and the one before it is kept as ``snapshot.previous.json``: a worker can
start from last-good with the control process and the database both away.
"""

import hashlib
import os
from pathlib import Path
from typing import Any

import msgspec

FORMAT = 1
NAME = "snapshot.json"
PREVIOUS = "snapshot.previous.json"


class StoredRevision(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of the routing, as operators wrote it; it was valid when it was stored."""

    revision: int
    digest: str
    created_at: float
    routing: Any
    format: int = FORMAT


class Unreadable(Exception):
    """There is no snapshot in the file, or none that this release can use."""


def digest_of(routing: Any) -> str:
    """SHA-256 of the routing as compact JSON. The order of keys counts: a split's order decides who gets what."""
    return hashlib.sha256(msgspec.json.encode(routing)).hexdigest()


def write(folder: Path, stored: StoredRevision) -> None:
    """Makes ``stored`` the snapshot in ``folder``, durably and in one step."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{NAME}.{os.getpid()}"
    with temporary.open("wb") as file:
        file.write(msgspec.json.encode(stored))
        file.flush()
        os.fsync(file.fileno())
    if _is_good(folder / NAME):
        _keep_as_previous(folder)
    os.replace(temporary, folder / NAME)
    _sync_folder(folder)


def _keep_as_previous(folder: Path) -> None:
    # A second name for the same file, then a rename: at no moment is there no snapshot.
    link = folder / f".{PREVIOUS}.{os.getpid()}"
    link.unlink(missing_ok=True)
    os.link(folder / NAME, link)
    os.replace(link, folder / PREVIOUS)


def _is_good(path: Path) -> bool:
    try:
        read_file(path)
    except Unreadable:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def read(folder: Path) -> StoredRevision:
    """Returns the snapshot, or, where it is damaged, the one before it; raises Unreadable where there is neither."""
    try:
        return read_file(folder / NAME)
    except Unreadable:
        return read_file(folder / PREVIOUS)


def read_file(path: Path) -> StoredRevision:
    try:
        stored = msgspec.json.decode(path.read_bytes(), type=StoredRevision)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"{path.name}: {error}") from None
    if stored.format != FORMAT or stored.digest != digest_of(stored.routing):
        raise Unreadable(f"{path.name}: of another format, or damaged")
    return stored
