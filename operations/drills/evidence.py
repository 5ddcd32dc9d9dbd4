"""Files what a drill found: a signed report in the state folder, and an act in the database."""

import asyncio
import os
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from operations.audit import store as acts
from operations.audit.act import Act
from operations.drills.report import PURPOSE, Report, Signed, details_of, signed
from operations.secrets.master import MasterKey
from operations.secrets.signing import Signer
from operations.store.database import Database
from operations.store.tables import act

KIND = "drill.restore"
_FOLDER = "drills"


def file(report: Report, key: MasterKey, state: Path, database: str, actor: str, reason: str) -> Path:
    """Returns where the report lies. Raises OSError; DatabaseAway where it is in its file alone."""
    evidence = signed(report, Signer(key.derived(PURPOSE)))
    path = _written(evidence, state / _FOLDER, report.id)
    asyncio.run(_enter(database, act_of(report, evidence, actor, reason)))
    return path


def act_of(report: Report, evidence: Signed, actor: str, reason: str) -> Act:
    return Act(at=report.at, kind=KIND, actor=actor, reason=reason, about=report.id,
               details=details_of(report, evidence))


def _written(evidence: Signed, folder: Path, name: str) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    with open(path, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as out:
        out.write(msgspec.json.format(msgspec.json.encode(evidence)) + b"\n")
        out.flush()
        os.fsync(out.fileno())
    return path


async def _enter(url: str, told: Act) -> None:
    database = Database(url)
    try:
        await database.run(lambda connection: acts.append(connection, told))
    finally:
        database.close()


def newest(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """The newest drills, newest first: each act's number, time, actor, reason and figures."""
    query = select(act.c.id, act.c.at, act.c.actor, act.c.reason, act.c.about, act.c.details).where(
        act.c.kind == KIND).order_by(act.c.at.desc(), act.c.id.desc()).limit(limit)
    return [dict(row) for row in connection.execute(query).mappings()]


def named(connection: Connection, name: str) -> dict[str, Any] | None:
    """One drill by its id."""
    query = select(act.c.id, act.c.at, act.c.actor, act.c.reason, act.c.about, act.c.details).where(
        act.c.kind == KIND, act.c.about == name)
    row = connection.execute(query).mappings().first()
    return dict(row) if row else None
