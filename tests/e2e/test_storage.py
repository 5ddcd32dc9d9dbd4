"""The disk is full, the database is locked, descriptors run out: applications are served, and the ledger catches up."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
import pytest_asyncio

from tests.e2e.asking import ask, request
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess, routing_to
from tests.raw_client import RawClient

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def gateway(fake: FakeVLLM, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayProcess]:
    async with GatewayProcess(tmp_path_factory.mktemp("storage"), routing_to(fake.url)) as gateway:
        yield gateway


async def served(gateway: GatewayProcess, prefix: str, count: int = 20) -> set[str]:
    """That many requests, each answered 200; returns their names."""
    names = [f"{prefix}-{i}" for i in range(count)]
    heard = await asyncio.gather(*(ask(gateway.port, request(name=name)) for name in names))
    assert [each.status for each in heard] == [200] * count
    return set(names)


def on_record(gateway: GatewayProcess) -> list[str]:
    return [row["client_request_id"] for row in gateway.ledger()]


async def is_recorded(gateway: GatewayProcess, names: set[str]) -> None:
    await gateway.until(lambda: names <= set(on_record(gateway)), "all of them in the ledger", 20)
    assert len(on_record(gateway)) == len(set(on_record(gateway)))


async def test_a_full_disk_stops_no_traffic_and_no_later_record_is_lost(
    gateway: GatewayProcess, fake: FakeVLLM
) -> None:
    """The journal cannot grow, in the middle of a record even; when it can again, what follows is on record."""
    before = await served(gateway, "before")
    await is_recorded(gateway, before)
    worker = await with_little_room(gateway, 8000)
    names = await served(gateway, "full", 40)

    async def is_told() -> bool:
        return (await gateway.counted("gatewright_journal_lost_total")).get("", 0.0) > 0

    await gateway.until(is_told, "the loss to be counted")
    assert (await gateway.counted("gatewright_journal_full"))[""] == 1
    assert any("the disk takes no records of w0" in missing for missing in await missing_at(gateway))
    lift_limit(worker)

    async def is_over() -> bool:
        return (await gateway.counted("gatewright_journal_full"))[""] == 0

    await gateway.until(is_over, "the worker to notice, without a request")
    after = await served(gateway, "after")
    await is_recorded(gateway, before | after)
    kept = names & set(on_record(gateway))
    assert 0 < len(kept) < len(names)
    assert (await gateway.counted("gatewright_journal_lost_total"))[""] == len(names - kept)
    assert "journal_gap" not in gateway.log
    assert "journal_torn" not in gateway.log


async def test_a_full_disk_lets_nothing_pass_without_a_record_where_that_is_wanted(
    fake: FakeVLLM, tmp_path: Path
) -> None:
    """Each request is refused, or is on record, or failed in its client's eyes; and it ends by itself."""
    routing = routing_to(fake.url)
    async with GatewayProcess(tmp_path, routing, journal_full="refuse", journal_low_bytes=1 << 60) as gateway:
        assert any("journal_low_bytes" in note for note in (await ready(gateway))["notes"])
        assert (await gateway.counted("gatewright_journal_low"))[""] == 1
        worker = await with_little_room(gateway, 8000)
        heard = {f"r{i}": await ask(gateway.port, request(name=f"r{i}")) for i in range(40)}
        refused = {name for name, one in heard.items() if one.status == 503}
        assert {(one.error or {}).get("code") for name, one in heard.items() if name in refused} == {
            "journal_unavailable"}
        assert heard["r39"].header("retry-after") == "1"
        assert not await gateway.is_ready(), "a balancer sends requests elsewhere meanwhile"
        lift_limit(worker)
        await gateway.until(gateway.is_ready, "room again")
        names = await served(gateway, "after")
        answered = heard.keys() - refused
        assert answered
        await is_recorded(gateway, names | answered)


async def ready(gateway: GatewayProcess) -> dict[str, Any]:
    async with httpx.AsyncClient(trust_env=False) as client:
        told: dict[str, Any] = (await client.get(gateway.admin_url + "/ready")).json()
    return told


async def missing_at(gateway: GatewayProcess) -> list[str]:
    told: list[str] = (await ready(gateway))["missing"]
    return told


async def with_little_room(gateway: GatewayProcess, size: int) -> int:
    """Another worker in the one's place, none of whose files may grow beyond that size: what it cannot set aside it
    writes as far as that goes. Returns its process."""
    (before,) = (await gateway.worker_pids()).values()
    _, hard = resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, (size, hard))  # its children have it too
    os.kill(before, signal.SIGKILL)

    async def is_replaced() -> bool:
        return (await gateway.worker_pids()).get("w0") not in (None, before)

    await gateway.until(is_replaced, "another worker", 60)
    resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, (hard, hard))
    await gateway.until(gateway.is_ready, "it to be ready", 60)
    return (await gateway.worker_pids())["w0"]


def lift_limit(worker: int) -> None:
    _, hard = resource.prlimit(worker, resource.RLIMIT_FSIZE)
    resource.prlimit(worker, resource.RLIMIT_FSIZE, (hard, hard))


async def test_a_locked_database_stops_no_traffic_and_loses_nothing(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    """Somebody holds the ledger's lock: exchanges wait in the journal, and are in the ledger once when it is free."""
    names = await served(gateway, "free")
    with closing(sqlite3.connect(gateway.state / "gatewright.db", isolation_level=None)) as holder:
        await gateway.until(lambda: _locked(holder), "the lock")
        for i in range(10):
            names |= await served(gateway, f"locked-{i}")
            await asyncio.sleep(0.1)
        assert await gateway.is_ready()
        holder.execute("rollback")
    await is_recorded(gateway, names)


def _locked(holder: sqlite3.Connection) -> bool:
    try:
        holder.execute("begin exclusive")
    except sqlite3.OperationalError:
        return False
    return True


async def test_a_full_disk_under_the_ledger_stops_no_traffic_and_loses_nothing(
    gateway: GatewayProcess, fake: FakeVLLM
) -> None:
    """The database cannot grow: operators are told, exchanges wait in the journal, and then they are in it once."""
    names = await served(gateway, "roomy")
    await is_recorded(gateway, names)
    (control,) = (pid for pid, command in gateway.processes().items() if "operations.control" in command)
    sizes = [path.stat().st_size for path in gateway.state.glob("gatewright.db*")]
    _, hard = resource.prlimit(control, resource.RLIMIT_FSIZE)
    resource.prlimit(control, resource.RLIMIT_FSIZE, (max(sizes), hard))
    for i in range(20):
        names |= await served(gateway, f"crowded-{i}")

    async def is_told() -> bool:
        return (await gateway.counted("gatewright_ledger_up")) == {"": 0.0}

    await gateway.until(is_told, "the full disk to be told")
    assert (await gateway.counted("gatewright_journal_undrained_bytes"))[""] > 0
    assert await gateway.is_ready()
    resource.prlimit(control, resource.RLIMIT_FSIZE, (hard, hard))
    await is_recorded(gateway, names)


async def test_a_worker_without_a_descriptor_left_serves_whom_it_has_and_recovers(
    gateway: GatewayProcess, fake: FakeVLLM
) -> None:
    """New connections are closed, those that are open are served; when some leave, there is room again."""
    await served(gateway, "warm", 2)
    (worker,) = (await gateway.worker_pids()).values()
    few = len(os.listdir(f"/proc/{worker}/fd")) + 20
    _, hard = resource.prlimit(worker, resource.RLIMIT_NOFILE)
    resource.prlimit(worker, resource.RLIMIT_NOFILE, (few, hard))
    crowd = [RawClient(gateway.port) for _ in range(40)]
    for client in crowd:
        await client.__aenter__()
    await crowd[0].send(request(name="inside"))
    assert (await crowd[0].read_answers(1))[0].status == 200
    for client in crowd:
        await client.close()

    async def is_served() -> bool:
        return (await ask(gateway.port, request(name="later"))).status == 200

    await gateway.until(is_served, "room again")
    assert list(await gateway.worker_pids()) == ["w0"]
    assert (await gateway.worker_pids())["w0"] == worker
