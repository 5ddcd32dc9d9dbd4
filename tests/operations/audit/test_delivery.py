"""Checkpoints reach the second places: in order, once they can be reached, and nothing else waits for that."""

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import msgspec
import pytest

from gateway.config.settings import Audit
from gateway.config.written import AuditPlace
from gateway.telemetry.logs import Log
from operations.audit.checkpoint import checkpoint_of
from operations.audit.delivery import Delivery, FolderPlace, Webhook, place_key, places_of
from operations.audit.second_place import Folder, copies_at
from operations.store.database import Database
from tests.operations.audit.audited import SIGNER, W0, Audited, faults
from tests.operations.conftest import Lines


@pytest.fixture
async def audited(database_url: str, tmp_path: Path, log: Log) -> AsyncIterator[Audited]:
    made = Audited(database_url, tmp_path / "place", log)
    yield made
    made.close()


class Receiver:
    """A real HTTP server that answers each POST with the next of ``statuses``, the last one for ever."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.bodies: list[bytes] = []

    async def __aenter__(self) -> "Receiver":
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/hook"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        self.bodies.append(await reader.readexactly(length))
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        writer.write(b"HTTP/1.1 %d X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % status)
        await writer.drain()
        writer.close()


async def test_a_folder_holds_every_checkpoint_and_every_leaf(audited: Audited) -> None:
    await audited.rounds(2)
    copy, = copies_at(audited.place)
    assert [one.number for one in copy.checkpoints] == [1, 2]
    assert all(one.is_of(SIGNER.public) for one in copy.checkpoints)
    segments = copy.segments()
    assert [segment.writer for segment, _ in segments.values()] == [W0, "acts", "b" * 22] * 2
    assert [len(copy.leaves_at(offset) or []) for _, offset in segments.values()] == [10, 1, 10] * 2
    for file in audited.place.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_a_folder_that_cannot_be_written_is_told_and_caught_up_with(audited: Audited, lines: Lines) -> None:
    audited.place.write_text("a file stands in its way")
    await audited.add([])
    await audited.act("first")
    await audited.auditor.seal()
    await audited.auditor.deliver()
    assert "it cannot be" in audited.delivery.error
    assert any("second place" in note for note in audited.auditor.notes())
    assert len(lines.of("checkpoint_not_delivered")) == 1
    audited.place.unlink()
    await audited.auditor.deliver()
    assert audited.delivery.error, "it is not tried again at once"
    audited.now += 2
    await audited.auditor.deliver()
    assert (audited.delivery.error, audited.delivery.failures_total) == ("", 1)
    assert [one.number for one in copies_at(audited.place)[0].checkpoints] == [1]


async def test_a_new_life_goes_on_where_the_file_ends(audited: Audited, database_url: str, log: Log) -> None:
    await audited.round()
    next_life = Audited(database_url, audited.place, log)
    next_life.written, next_life.now = audited.written, audited.now
    await next_life.round()
    assert [one.number for one in copies_at(audited.place)[0].checkpoints] == [1, 2]
    assert (await next_life.verify()).findings == []
    next_life.close()


async def test_a_webhook_is_told_of_each_checkpoint_in_order_until_it_takes_it(
    audited: Audited, database_url: str
) -> None:
    async with Receiver(503, 200) as receiver, httpx2.AsyncClient(trust_env=False) as client:
        delivery = Delivery(Webhook(receiver.url, "hook", "host", client), audited.database, clock=lambda: audited.now)
        audited.auditor.deliveries.append(delivery)
        await audited.round()
        assert (delivery.error, delivery.failures_total) == ("it answers 503", 1)
        await audited.round()
        assert (delivery.error, delivery.number) == ("", 2)
        told = [msgspec.json.decode(body) for body in receiver.bodies]
        assert [one["checkpoint"]["number"] for one in told] == [1, 1, 2]
        assert checkpoint_of(told[1]["checkpoint"]).is_of(SIGNER.public)
        assert [one["writer"] for one in told[2]["segments"]] == [W0, "acts", "b" * 22]

        later = Delivery(Webhook(receiver.url, "hook", "host", client), audited.database)
        await later.step(2)
        assert (later.number, len(receiver.bodies)) == (2, 3), "what it has taken is not sent again"


async def test_a_webhook_that_does_not_answer_holds_up_no_sealing(audited: Audited) -> None:
    async with httpx2.AsyncClient(trust_env=False) as client:
        delivery = Delivery(Webhook("http://127.0.0.1:9/secret", "hook", "host", client), audited.database)
        audited.auditor.deliveries.append(delivery)
        await audited.rounds(2)
    assert delivery.error.startswith("it does not answer")
    assert "secret" not in delivery.error
    assert (await audited.verify()).findings == []


async def test_a_database_that_was_set_back_is_found_out_and_the_checkpoint_after_says_so(
    sqlite: Database, sqlite_url: str, tmp_path: Path, log: Log
) -> None:
    """As a restore from a backup does, and as somebody might who wants the newest records gone."""
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    audited = Audited(sqlite_url, tmp_path / "place", log)
    await audited.round()
    await audited.database.make_durable()
    backup = file.read_bytes()
    await audited.rounds(2)
    audited.close()
    for name in (file, file.with_name(file.name + "-wal"), file.with_name(file.name + "-shm")):
        name.unlink(missing_ok=True)
    file.write_bytes(backup)

    restored = Audited(sqlite_url, tmp_path / "place", log)
    restored.now, restored.written = audited.now, 40
    assert ("truncated", "", 0) in faults(await restored.verify())
    await restored.round()
    report = await restored.verify()
    assert [one.kind for one in report.findings if one.is_fault] == ["rolled_back"]
    assert "restored to checkpoint 1: what 2 to 3 sealed is not in it" in report.findings[0].what
    assert [(one.writer, one.sequence, one.last) for one in report.findings if one.kind == "gap"] == [
        (W0, 11, 40), ("b" * 22, 11, 40)]
    assert report.newest == 4
    accepted = await restored.verify(accepted=frozenset({4}))
    assert faults(accepted) == []
    assert [one.kind for one in (await restored.verify(with_place=False)).findings if one.is_fault] == ["rolled_back"]
    restored.close()


async def test_a_place_of_another_gateway_is_not_written_to(audited: Audited, sqlite_url: str, tmp_path: Path,
                                                          log: Log) -> None:
    await audited.rounds(2)
    other = Audited(f"sqlite:///{tmp_path}/other.db", tmp_path / "elsewhere", log)
    await other.act("of another gateway")
    for _ in range(3):
        await other.round()
    delivery = Delivery(FolderPlace(Folder(audited.place, "host"), "host"), other.database)
    await delivery.step(3)
    assert "is of another gateway" in delivery.error
    assert [one.number for one in copies_at(audited.place)[0].checkpoints] == [1, 2]
    other.close()


async def test_the_settings_name_places() -> None:
    async with httpx2.AsyncClient(trust_env=False) as client:
        settings = Audit(to=[AuditPlace("/mnt/worm"), AuditPlace("https://user:secret@audit.example/hook?t=secret")])
        folder, hook = places_of(settings, "host", client)
    assert (folder.name, hook.name) == ("/mnt/worm", "audit.example")
    assert "secret" not in hook.key
    assert hook.key == place_key("host", settings.to[1])


@pytest.mark.parametrize("written", ["", "http://audit.example/", "ftp://x", "https://", 7])
def test_a_place_that_is_neither_folder_nor_safe_url_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="no"):
        AuditPlace.parse(written)


@pytest.mark.parametrize("written", ["audit", "/mnt/x", "https://a.example/b", "http://127.0.0.1:9/x", "http://[::1]/"])
def test_a_folder_and_a_safe_url_are_places(written: str) -> None:
    assert AuditPlace.parse(written) == written
