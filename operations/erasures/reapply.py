"""Erasures beside the database: a file that no backup of the database takes back, and what is done with it after one.

Each line is a signed report. An older backup knows nothing of what was erased since, and brings keys and content back:
at every start, and by every restore, the reports in the file are applied again.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec
from sqlalchemy import Connection

from operations.audit.act import Act
from operations.erasures import store
from operations.erasures.report import NotSigned, Report, Signed, verified

FILE = "erasures.jsonl"


class Reapplied(msgspec.Struct, kw_only=True):
    """What came of it. ``erasures``: the ids of those that the database did not know, or that had something to destroy
    again; ``unverified``: lines that are no signed report, which were passed over."""

    read: int = 0
    erasures: list[str] = []
    keys: int = 0
    contents: int = 0
    comments: int = 0
    unverified: int = 0


def append(file: Path, signed: Iterable[str]) -> None:
    """Adds signed reports, and returns once they would outlive a loss of power. Raises OSError."""
    lines = b"".join(one.encode() + b"\n" for one in signed)
    made = not file.exists()
    fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(fd).st_size
        if size and os.pread(fd, 1, size - 1) != b"\n":
            lines = b"\n" + lines  # a write that was cut short: what comes now has a line of its own
        while lines:
            lines = lines[os.write(fd, lines) :]
        os.fsync(fd)
    finally:
        os.close(fd)
    if made:
        _sync_folder(file.parent)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def reports_in(file: Path) -> tuple[list[tuple[Report, Signed]], int]:
    """The reports in the file, each once, and how many lines are none."""
    found: dict[str, tuple[Report, Signed]] = {}
    unverified = 0
    for line in file.read_bytes().splitlines() if file.exists() else []:
        if not line:
            continue
        try:
            report = verified(line)
        except NotSigned:
            unverified += 1
        else:
            found[report.id] = report, msgspec.json.decode(line, type=Signed)
    return list(found.values()), unverified


def act_of(report: Report) -> Act:
    """Under which records go, whenever that is: the erasure itself."""
    target = report.target
    return Act(at=report.at_seconds, kind="erasure.comments", actor=report.actor, reason=report.reason,
               about=report.id, details={"tenant": target.tenant, "subject": target.subject,
                                         "exchange": target.exchange})


def reapply(connection: Connection, file: Path) -> Reapplied:
    """Destroys again what the reports in ``file`` say was destroyed, and enters the reports that are not in the
    database. Of a subject that came back since, what is younger than its erasure stays.
    """
    reports, unverified = reports_in(file)
    told = Reapplied(read=len(reports), unverified=unverified)
    for report, signed in reports:
        destroyed = store.destroy(connection, report.target, act_of(report), report.at_seconds)
        # By name too: clocks of hosts differ, and what was destroyed once is destroyed.
        store.destroy_keys(connection, report.destroyed.keys)
        told.keys += len(destroyed.keys)
        told.contents += len(destroyed.contents)
        told.comments += len(destroyed.comments)
        if store.add(connection, report, signed) or not destroyed.nothing:
            told.erasures.append(report.id)
    return told
