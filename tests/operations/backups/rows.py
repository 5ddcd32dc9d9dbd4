"""Rows for a database that is to be backed up, and a writer that does not rest meanwhile."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, func, insert, select

from gateway.record import ExchangeRecord, Signal
from operations.audit import store as acts
from operations.audit.act import Act
from operations.backups.databases import offline_engine
from operations.ledger import store as ledger
from operations.revisions import store as revisions
from operations.revisions.revision import Revision
from operations.store.migrations import migrate
from operations.store.tables import journal_cursor, watched_file
from tests.operations.routings import routing

NEWEST = 1_767_225_000.0
_DEADLINE_SECONDS = 20.0


def exchange(number: int, **fields: Any) -> ExchangeRecord:
    return ExchangeRecord(id=f"exchange-{number:06d}", started_at=NEWEST - number, worker="w0", writer="life-1",
                          sequence=number + 1, outcome="answered", tenant="default", **fields)


def filled(url: str, exchanges: int = 30) -> None:
    """A database with some of everything in it, and revision 2 live."""
    engine = offline_engine(url)
    if engine.dialect.name == "sqlite":  # as a gateway's database is
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    migrate(engine)
    with engine.begin() as connection:
        ledger.append(connection, [exchange(number) for number in range(exchanges)])
        ledger.append(connection, [Signal(id="signal-1", exchange_id="exchange-000001", at=NEWEST - 5, kind="feedback",
                                          name="thumbs", value=1.0, writer="life-1", sequence=exchanges + 1)])
        for number in (1, 2):
            revisions.append(connection, Revision(
                revision=number, digest=f"{number}" * 64, created_at=1.0, source="file", reason="r", actor="a",
                based_on=None, routing=routing()))
        acts.append(connection, Act(at=NEWEST - 9, kind="revision.apply", actor="jo", reason="because"))
    engine.dispose()


def counted(url: str, *tables: Any) -> list[int]:
    engine = offline_engine(url)
    with engine.connect() as connection:
        counts = [connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables]
    engine.dispose()
    return counts


class Writer:
    """Writes transaction after transaction, each of a row here and three there; ``held_up`` tells how often it could
    not."""

    def __init__(self, engine: Engine) -> None:
        self.done = 0
        self.held_up = 0
        self._engine = engine
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._write(self.done)
            except Exception:
                self.held_up += 1
                return
            self.done += 1

    def _write(self, number: int) -> None:
        with self._engine.begin() as connection:
            connection.execute(insert(watched_file).values(path=f"{number}", digest="d" * 64, seen_at=1.0))
            connection.execute(insert(journal_cursor), [
                {"segment": f"{number}-{part}", "position": part} for part in range(3)])

    def goes_on(self) -> None:
        """Returns once it has committed twice more: what began before this, and one that began after."""
        wanted, deadline = self.done + 2, time.monotonic() + _DEADLINE_SECONDS
        while self.done < wanted:
            assert not self.held_up, "it was refused"
            assert time.monotonic() < deadline, "it was held up"
            time.sleep(0.001)

    @contextmanager
    def running(self) -> Iterator["Writer"]:
        self._thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            self._thread.join()
            self._engine.dispose()
