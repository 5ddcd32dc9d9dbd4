"""A small audited ledger: written as the drain writes it, sealed, delivered to a folder, and open to be changed."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from gateway.record import Attempt, Entry, ExchangeRecord, Signal
from gateway.telemetry.logs import Log
from operations.audit import store as acts
from operations.audit.act import Act
from operations.audit.auditor import Auditor
from operations.audit.delivery import Delivery, FolderPlace
from operations.audit.sealing import Sealer
from operations.audit.second_place import Folder, copies_at
from operations.audit.verification import Report, Verification
from operations.ledger import store
from operations.secrets.signing import Signer
from operations.store.database import Database

SIGNER = Signer(b"k" * 32)
W0, W1 = "a" * 22, "b" * 22
BEGAN = 1_800_000_000.0


def exchange_of(writer: str, sequence: int, **more: Any) -> ExchangeRecord:
    """A record with something in most columns, so that there is something to flip."""
    return ExchangeRecord(**{
        "id": f"{writer}{sequence:010x}", "started_at": BEGAN + sequence, "writer": writer, "sequence": sequence,
        "worker": "w0", "tenant": "retail", "key": "shop", "model": "assistant", "arm_served": "smol-1",
        "propensity": 0.9, "attempts": [Attempt("smol-1", "http://127.0.0.1:9", "answered", 0.5, 200)],
        "outcome": "answered", "status": 200, "total_seconds": 0.5, "completion_tokens": sequence, **more})


def signal_of(writer: str, sequence: int) -> Signal:
    return Signal(id=f"s{writer}{sequence}", exchange_id=f"{writer}{1:010x}", at=BEGAN + sequence, kind="feedback",
                  name="liked", value=float(sequence % 2), body={"how": "thumb"}, writer=writer, sequence=sequence)


def entry_of(writer: str, sequence: int) -> Entry:
    return signal_of(writer, sequence) if sequence % 5 == 0 else exchange_of(writer, sequence)


class _Undone(Exception):
    def __init__(self, report: Report) -> None:
        self.report = report
        super().__init__()


class Audited:
    """``rounds`` times: ten records of each of two writers and an act, then a checkpoint; then some unsealed."""

    def __init__(self, url: str, place: Path, log: Log, signer: Signer = SIGNER) -> None:
        self.database = Database(url)
        self.place = place
        self.now = BEGAN + 1000
        folder = FolderPlace(Folder(place, "host"), "host")
        self.delivery = Delivery(folder, self.database, clock=lambda: self.now)
        self.auditor = Auditor(self.database, Sealer(signer, lambda n: bytes(n)), [self.delivery], 60.0, log,
                               clock=lambda: self.now, wall=lambda: self.now)
        self.written = 0

    async def add(self, entries: Sequence[Entry]) -> None:
        assert await self.database.run(lambda c: store.append(c, entries)) == []

    async def act(self, reason: str) -> int:
        return await self.database.run(lambda c: acts.append(c, Act(
            at=self.now, kind="revision.apply", actor="ann", reason=reason, before={"revision": 1}, after={"n": None})))

    async def round(self, seal: bool = True) -> None:
        await self.add([entry_of(writer, self.written + n) for n in range(1, 11) for writer in (W0, W1)])
        self.written += 10
        await self.act(f"round {self.written}")
        self.now += 60
        if seal:
            await self.auditor.seal()
            await self.auditor.deliver()
            assert self.delivery.error == ""

    async def rounds(self, count: int) -> None:
        for _ in range(count):
            await self.round()
        await self.round(seal=False)

    async def tamper(self, statement: str, **values: Any) -> int:
        """Runs one statement, as whoever owns the database may; returns how many rows it met."""
        return await self.database.run(lambda c: c.execute(text(statement), values).rowcount)

    async def verify_tampered(self, tamper: Callable[[Connection], Any], with_place: bool = False) -> Report:
        """What is found once ``tamper`` is done, which is then undone."""
        copies = copies_at(self.place) if with_place else []

        def work(connection: Connection) -> None:
            tamper(connection)
            raise _Undone(Verification(connection, [SIGNER.public], copies).run())

        try:
            await self.database.run(work)
        except _Undone as undone:
            return undone.report
        raise AssertionError("not reached")

    async def verify(self, with_place: bool = True, keys: Sequence[bytes] = (SIGNER.public,),
                     accepted: frozenset[int] = frozenset()) -> Report:
        copies = copies_at(self.place) if with_place else []
        return await self.database.run(lambda c: Verification(c, keys, copies, accepted).run())

    def close(self) -> None:
        self.database.close()


def faults(report: Report) -> list[tuple[str, str, int]]:
    """Kind, writer and sequence of each finding that is a fault."""
    return [(one.kind, one.writer, one.sequence) for one in report.findings if one.is_fault]


