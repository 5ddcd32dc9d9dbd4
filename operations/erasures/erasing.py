"""Erasing: the whole of it, in the order in which nothing can be lost of it."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection

from gateway.telemetry.logs import Log
from operations.audit import store as acts
from operations.audit.act import Act
from operations.content.drain import ContentDrain
from operations.content.store import overwrite_deleted
from operations.erasures import store
from operations.erasures.reapply import FILE, Reapplied, act_of, append, reapply, reports_in
from operations.erasures.report import Destroyed, Report, Signed, Target, moment, signed
from operations.holds.store import check_free
from operations.secrets.signing import Signer
from operations.store.database import Database, DatabaseAway

Eraser = Callable[[Target], Awaitable[int]]
MIRROR_SECONDS = 60.0
FOLLOW_SECONDS = 86_400.0


class Done(NamedTuple):
    """An erasure. Without ``is_filed`` its report is in the database alone until the disk takes it; without ``signed``
    nothing was done: it was asked what would be."""

    report: Report
    signed: Signed | None
    is_filed: bool


class Erasures:
    """Destroys, signs, and keeps the reports in two places.

    First the transaction: keys and content go, act and report come. Then the log of the database is emptied, then the
    report is filed beside it. A crash in between leaves a report that the next look files.
    """

    def __init__(self, database: Database, state: Path, signer: Signer, drain: ContentDrain | None, log: Log, *,
                 erasers: Mapping[str, Eraser] | None = None, wall: Callable[[], float] = time.time,
                 entropy: Callable[[int], bytes] = os.urandom) -> None:
        """``erasers``, by name, are others who hold something of a subject: each destroys it and says how much it
        was."""
        self.file = state / FILE
        self.filed: set[str] = set()
        self.unverified = 0
        self._database = database
        self._signer = signer
        self._drain = drain
        self._log = log
        self._erasers = dict(erasers or {})
        self._wall = wall
        self._entropy = entropy

    @property
    def public_key(self) -> bytes:
        return self._signer.public

    async def erase(self, target: Target, reason: str, actor: str, *, dry_run: bool = False) -> Done:
        """Raises UnderHold, DatabaseAway."""
        if dry_run:
            return Done(self._report(target, reason, actor, await self._database.run(lambda c: _would(c, target))),
                        None, False)
        if self._drain is not None:
            await self._drain.finish()  # what is sealed so far comes in, and goes with the rest
        await self._database.run(lambda c: check_free(c, target.tenant, target.subject, target.exchange))
        elsewhere = {name: await eraser(target) for name, eraser in self._erasers.items()}
        report, told = await self._database.run(lambda c: self._erase(c, target, reason, actor, elsewhere))
        await self._database.make_durable("TRUNCATE")
        return Done(report, told, await self._file_all({report.id: msgspec.json.encode(told).decode()}))

    def _report(self, target: Target, reason: str, actor: str, destroyed: Destroyed) -> Report:
        return Report(id=self._entropy(8).hex(), at=moment(self._wall()), target=target, actor=actor, reason=reason,
                      destroyed=destroyed)

    def _erase(self, connection: Connection, target: Target, reason: str, actor: str,
               elsewhere: dict[str, int]) -> tuple[Report, Signed]:
        check_free(connection, target.tenant, target.subject, target.exchange)
        begun = self._report(target, reason, actor, Destroyed())
        destroyed = store.destroy(connection, target, act_of(begun))
        report = msgspec.structs.replace(begun, destroyed=msgspec.structs.replace(destroyed, elsewhere=elsewhere))
        told = signed(report, self._signer)
        store.add(connection, report, told)
        acts.append(connection, Act(
            at=report.at_seconds, kind="erasure.erase", actor=actor, reason=reason, about=report.id,
            details={"tenant": target.tenant, "subject": target.subject, "exchange": target.exchange,
                     "keys": len(destroyed.keys), "contents": len(destroyed.contents),
                     "comments": len(destroyed.comments), "elsewhere": elsewhere}))
        return report, told

    # The file beside the database

    async def open(self) -> Reapplied:
        """Applies again what the file knows of, and files what only the database has. Raises DatabaseAway."""
        told = await self._database.run(self._reapply)
        self.unverified = told.unverified
        if told.unverified:
            self._log.error("erasures_unverified", lines=told.unverified, file=str(self.file))
        if told.keys or told.contents:
            await self._database.make_durable("TRUNCATE")
            self._log.warning("erasures_reapplied", erasures=told.erasures, keys=told.keys, contents=told.contents)
        self.filed = {report.id for report, _ in (await asyncio.to_thread(reports_in, self.file))[0]}
        await self.mirror()
        return told

    def _reapply(self, connection: Connection) -> Reapplied:
        told = reapply(connection, self.file)
        if told.erasures:
            acts.append(connection, Act(
                at=self._wall(), kind="erasure.reapply", actor="gatewright",
                reason="the database did not have what was erased before: it was lost, or restored from a backup",
                details={"erasures": told.erasures, "keys": told.keys, "contents": told.contents}))
        return told

    async def run(self) -> None:
        """Files what other hosts erase, until it is cancelled."""
        while True:
            await asyncio.sleep(MIRROR_SECONDS)
            with suppress(DatabaseAway):
                await self.follow_up()
                await self.mirror()

    async def follow_up(self) -> int:
        """Deletes the comments that came too shortly before an erasure to go with it, or too late to be known of;
        returns how many. Raises DatabaseAway."""
        deleted = await self._database.run(lambda c: _follow_up(c, self._wall() - FOLLOW_SECONDS))
        if deleted:
            await self._database.make_durable("TRUNCATE")
        return deleted

    async def mirror(self) -> None:
        """Files the reports that are not in this host's file yet: those of other hosts too. Raises DatabaseAway."""
        await self._file_all(await self._database.run(store.all_signed))

    async def _file_all(self, reports: Mapping[str, str]) -> bool:
        new = {name: told for name, told in reports.items() if name not in self.filed}
        try:
            if new:
                await asyncio.to_thread(append, self.file, new.values())
        except OSError as error:
            self._log.error("erasure_not_filed", erasures=list(new), error=str(error), remedy="tried again in a minute")
            return False
        self.filed |= new.keys()
        return True


def _follow_up(connection: Connection, since: float) -> int:
    overwrite_deleted(connection)
    return sum(store.prune_comments(connection, store.written(connection, report.target, report.at_seconds),
                                    act_of(report)) for report in store.since(connection, since))


def _would(connection: Connection, target: Target) -> Destroyed:
    check_free(connection, target.tenant, target.subject, target.exchange)
    return store.found(connection, target)
