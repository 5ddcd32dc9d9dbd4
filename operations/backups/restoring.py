"""Restores a backup: all of it is checked first, it is filled in beside what is there, and takes its place last."""

import asyncio
import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from gateway import snapshot_file
from gateway.journal import segments
from operations.audit import store as acts
from operations.audit.act import Act
from operations.backups.archive import Archive
from operations.backups.contents import contents_of, differences
from operations.backups.damage import Damaged, Refused
from operations.backups.databases import offline_engine
from operations.backups.dump import Target
from operations.backups.making import DATABASE, ERASURES, WRITERS, check
from operations.backups.manifest import Contents, Manifest, Place
from operations.store.database import Database, DatabaseAway
from operations.store.migrations import HEAD

Extras = dict[str, bytes]
Chain = Callable[[str], Sequence[str]]  # what is wrong with the records' chain in the database at a URL
Reapply = Callable[[Connection, Path], Any]  # erases once more what the file says was erased


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. ``kept`` is where the database lies that was there before, empty where there was none."""

    manifest: Manifest
    kept: str
    lost_seconds: float  # from the newest record in it to now
    segments: int  # of the journal, on this host: they are drained on top of it
    erasures: int  # files of erasures that were applied again


def fill(archive: Archive, key: bytes, target: Target) -> Extras:
    """Fills the target and holds it against what the backup says of it; returns the other members. Raises Damaged,
    WrongKey, Refused, OSError."""
    if archive.manifest.schema > HEAD:
        raise Refused(f"it was made by release {archive.manifest.release}, whose tables ({archive.manifest.schema}) "
                      f"this one ({HEAD}) does not know: restore it with that release or a later one")
    extras: Extras = {}
    for name, blocks in archive.members(key):
        if name == DATABASE:
            target.fill(blocks)
        else:
            extras[name] = b"".join(blocks)
    try:
        with offline_engine(target.url).connect() as connection:
            found = differences(_promised(archive.manifest, extras), contents_of(connection))
    except SQLAlchemyError as error:
        found = [f"the database cannot be read: {type(error).__name__}"]
    if found:
        raise Damaged("what was restored is not what was backed up: " + "; ".join(found))
    return extras


def check_chain(url: str, chain: Chain | None) -> None:
    """Raises Damaged where the records' chain does not verify."""
    problems = chain(url) if chain is not None else ()
    if problems:
        raise Damaged("its chain does not verify: " + "; ".join(problems))


def _promised(manifest: Manifest, extras: Extras) -> Contents:
    writers = msgspec.json.decode(extras.get(WRITERS, b"{}"), type=dict[str, Place])
    return Contents(schema=manifest.schema, revision=manifest.revision, counts=manifest.counts,
                    newest_at=manifest.newest_at, writers=writers)


def restore(
    archive: Archive, key: bytes, target: Target, state: Path | None, act: Act,
    reapply: Reapply | None = None, chain: Chain | None = None,
) -> Restored:
    """Puts a backup where ``target`` says; nothing is touched there unless all of it is good. It blocks, and is for a
    thread without an event loop. The caller sees to it that no gateway runs on ``state``. Raises Damaged, WrongKey,
    Refused, OSError, SQLAlchemyError."""
    check(archive, key)
    try:
        extras = fill(archive, key, target)
        asyncio.run(_migrate(target.url))
        check_chain(target.url, chain)
        erasures = _finish(target.url, extras, state, act, reapply)
        kept = target.take_place()
    except BaseException:
        target.discard()
        raise
    if state is not None:
        _leave_in(state, extras)
    newest = archive.manifest.newest_at
    return Restored(
        manifest=archive.manifest, kept=kept, lost_seconds=max(0.0, act.at - newest) if newest else 0.0,
        segments=len(segments(state / "journal")) if state else 0, erasures=erasures)


def _finish(url: str, extras: Extras, state: Path | None, act: Act, reapply: Reapply | None) -> int:
    """Erases again what was erased since, and says in it what it is."""
    with offline_engine(url).begin() as connection, _erasures(extras, state) as files:
        if reapply is not None:
            for file in files:
                reapply(connection, file)
        acts.append(connection, act)
    return len(files) if reapply else 0


async def _migrate(url: str) -> None:
    database = Database(url)
    try:
        await database.run(lambda _: None)
    except DatabaseAway as error:
        raise Refused(f"it cannot be brought to this release's tables: {error}") from None
    finally:
        database.close()


@contextlib.contextmanager
def _erasures(extras: Extras, state: Path | None) -> Iterator[list[Path]]:
    """The backup's list of erasures and this host's: what either names was to be gone for good."""
    with tempfile.TemporaryDirectory() as folder:
        found: list[Path] = []
        if ERASURES in extras:
            found.append(Path(folder, ERASURES))
            found[0].write_bytes(extras[ERASURES])
        if state is not None and (state / ERASURES).exists():
            found.append(state / ERASURES)
        yield found


def _leave_in(state: Path, extras: Extras) -> None:
    # A new host has neither; what a host has is newer than any backup.
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in (ERASURES, snapshot_file.NAME):
        path = state / name
        if name in extras and not path.exists():
            path.touch(mode=0o600)
            path.write_bytes(extras[name])
