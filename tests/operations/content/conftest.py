"""Content as workers seal it, on either database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from gateway.content.item import Body, Item
from gateway.content.segments import ContentSegments
from gateway.record import Entry, ExchangeRecord
from gateway.telemetry.logs import Log
from operations.audit.sealing import Sealer
from operations.content.drain import ContentDrain
from operations.content.opening import Opener
from operations.content.vault import Vault
from operations.erasures.erasing import Erasures
from operations.ledger import store as ledger
from operations.secrets.master import MasterKey
from operations.secrets.signing import Signer
from operations.store.database import Database
from tests.gateway.exchanges import HandClock

MASTER = MasterKey(b"k" * 32, is_given=True)
OTHER_MASTER = MasterKey(b"o" * 32, is_given=True)
CANARY = "canary-of-content-5150"
NOW = 1_800_000_000.0
JO, ANN = "a" * 32, "b" * 32
DAY = 86_400.0


def body(said: str = CANARY) -> bytes:
    return msgspec.msgpack.encode(Body(b"s" * 32, b'{"q":"%b"}' % said.encode(), b"it said " + said.encode(), "text"))


def item(name: str, subject: str = JO, *, age: float = 60.0, tenant: str = "shop", period: float = 30 * DAY,
         retention: str = "", exchange: str = "", said: str = CANARY) -> Item:
    """What was kept of the exchange ``name``, which began ``age`` seconds ago."""
    return Item(name, exchange or name, NOW - age, tenant, subject, retention, NOW - age + period, body(said))


class Kept:
    """One host's content, from the worker's end to the database."""

    def __init__(self, folder: Path, database: Database, log: Log, master: MasterKey = MASTER) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.state, self.database, self.clock = folder, database, HandClock()
        self.now = NOW
        self.vault = Vault(master)
        self.sealer = Sealer(Signer(master.derived("audit")))
        sealing = master.host_keys().sealing
        self.segments = ContentSegments(folder / "content", "w0", sealing, self.clock.time, free_bytes=0)
        self.drain = ContentDrain(database, folder / "content", self.vault, Opener(master), log, lambda: self.now)
        self.erasures = Erasures(database, folder, Signer(master.derived("audit")), self.drain, log,
                                 wall=lambda: self.now)

    async def keep(self, *items: Item) -> None:
        """Seals items and brings them in."""
        for one in items:
            assert self.segments.keep(one)
        await self.drain.finish()

    async def record(self, name: str, subject: str = JO, *, tenant: str = "shop", age: float = 60.0,
                     retention: str = "") -> None:
        """Enters an exchange into the ledger."""
        await self.enter(ExchangeRecord(
            id=name, started_at=NOW - age, tenant=tenant, subject=subject, retention=retention))

    async def enter(self, *entries: Entry, seal: bool = True) -> None:
        """Enters records into the ledger, and seals them under a checkpoint."""
        await self.database.run(lambda c: ledger.append(c, entries))
        if seal:
            await self.seal()

    async def seal(self) -> None:
        await self.database.run(lambda c: self.sealer.seal(c, self.now))


@pytest.fixture
def kept(tmp_path: Path, database: Database, log: Log) -> Kept:
    return Kept(tmp_path / "state", database, log)


@pytest.fixture
def another(tmp_path: Path, database: Database, log: Log) -> Callable[[MasterKey], Kept]:
    """Another host of the same database."""
    return lambda master=MASTER: Kept(tmp_path / "another", database, log, master)


