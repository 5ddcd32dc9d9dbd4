"""PostgreSQL stops, crashes, takes no changes, is locked or silent: applications are served, the ledger catches up.

The same promises as in test_storage.py, with the whole gateway before a real server. One fault is in the suite; the
others take their time and are in `make test-slow`.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2 as httpx
import psycopg
import pytest
import pytest_asyncio

from tests.e2e.asking import ask, request
from tests.fakes.upstream import FakeVLLM
from tests.fakes.wire import Wire
from tests.gateway_process import GatewayProcess, routing_to
from tests.postgres import PASSWORD, USER, PostgresServer

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    server = PostgresServer(synchronous_commit="on")
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def wire(server: PostgresServer) -> AsyncIterator[Wire]:
    async with Wire(server.port) as wire:
        yield wire


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def gateway(
    fake: FakeVLLM, server: PostgresServer, wire: Wire, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[GatewayProcess]:
    url = f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{wire.port}/postgres"
    async with GatewayProcess(tmp_path_factory.mktemp("storage"), routing_to(fake.url), database=url) as gateway:
        gateway.ledger_url = server.url()
        yield gateway


class Load:
    """Requests without end, one after another, beside whatever a test does; each is answered 200."""

    def __init__(self, gateway: GatewayProcess, name: str) -> None:
        self.names: set[str] = set()
        self._gateway = gateway
        self._name = name

    async def __aenter__(self) -> Load:
        self._asking = asyncio.create_task(self._ask())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._asking.cancel()
        await asyncio.wait([self._asking])
        if not self._asking.cancelled():
            self._asking.result()

    async def _ask(self) -> None:
        while True:
            name = f"{self._name}-{len(self.names)}"
            heard = await ask(self._gateway.port, request(name=name))
            assert heard.status == 200
            self.names.add(name)
            await asyncio.sleep(0.02)

    async def goes_on(self) -> None:
        """Returns once ten more were answered."""
        more = len(self.names) + 10
        await self._gateway.until(lambda: len(self.names) >= more or self._asking.done(), "ten more requests")
        assert not self._asking.done()


async def admin(gateway: GatewayProcess, method: str, path: str, **options: Any) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        return await client.request(method, gateway.admin_url + path, **options)


async def is_away(gateway: GatewayProcess) -> None:
    """Operators are told, in every place where they look, and what would change something is refused."""
    async def told() -> bool:
        ready = (await admin(gateway, "GET", "/ready")).json()
        return any(missing.startswith("database: it does not answer, for") for missing in ready["missing"])

    await gateway.until(told, "the fault to be told", 20)
    assert await gateway.counted("gatewright_ledger_up") == {"": 0.0}
    assert (await gateway.counted("gatewright_ledger_away_seconds"))[""] > 0
    refused = await admin(gateway, "POST", "/admin/revisions", json={
        "routing": routing_to("http://127.0.0.1:9"), "reason": "a test"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "database_unavailable")
    page = (await admin(gateway, "GET", "/")).text
    assert "it does not answer" in page
    waiting = gateway.state / "journal"
    await gateway.until(lambda: any(waiting.glob("*.journal")), "a journal that grows")
    assert await gateway.is_ready(), "applications are told nothing of it"


async def is_recorded(gateway: GatewayProcess, names: set[str]) -> None:
    """Each of them, once."""
    def on_record() -> list[str]:
        return [row["client_request_id"] for row in gateway.ledger()]

    await gateway.until(lambda: names <= set(on_record()), "all of them in the ledger", 30)
    assert len(on_record()) == len(set(on_record()))

    async def is_whole() -> bool:
        return bool((await admin(gateway, "GET", "/ready")).json()["ready"])

    await gateway.until(is_whole, "the gateway to be whole again", 20)
    assert await gateway.counted("gatewright_ledger_up") == {"": 1.0}
    assert PASSWORD not in gateway.log


async def test_a_crash_of_postgresql_stops_no_traffic_and_loses_nothing(
    gateway: GatewayProcess, server: PostgresServer
) -> None:
    async with Load(gateway, "crash") as load:
        await load.goes_on()
        await asyncio.to_thread(server.stop, signal.SIGQUIT)
        await is_away(gateway)
        await load.goes_on()
        await asyncio.to_thread(server.start)
        await load.goes_on()
    await is_recorded(gateway, load.names)


@pytest.mark.slow
async def test_a_postgresql_that_takes_no_changes_loses_nothing_and_answers_questions(
    gateway: GatewayProcess, server: PostgresServer
) -> None:
    async with Load(gateway, "read-only") as load:
        await load.goes_on()
        await asyncio.to_thread(server.set, "default_transaction_read_only", "on")
        await is_away(gateway)
        assert (await admin(gateway, "GET", "/admin/exchanges")).status_code == 200
        await load.goes_on()
        await asyncio.to_thread(server.set, "default_transaction_read_only", "off")
    await is_recorded(gateway, load.names)


@pytest.mark.slow
async def test_a_table_that_somebody_has_locked_loses_nothing(gateway: GatewayProcess, server: PostgresServer) -> None:
    async with Load(gateway, "locked") as load:
        await load.goes_on()
        async with await psycopg.AsyncConnection.connect(server.url()) as holder:
            await holder.execute("lock table exchange, revision")
            await is_away(gateway)
            await load.goes_on()
            await holder.rollback()
    await is_recorded(gateway, load.names)


@pytest.mark.slow
async def test_a_postgresql_that_says_nothing_loses_nothing(gateway: GatewayProcess, wire: Wire) -> None:
    async with Load(gateway, "silent") as load:
        await load.goes_on()
        wire.swallows = True
        await is_away(gateway)
        await load.goes_on()
        wire.swallows = False
        wire.cut()
    await is_recorded(gateway, load.names)


@pytest.mark.slow
async def test_a_wire_that_breaks_again_and_again_doubles_nothing(gateway: GatewayProcess, wire: Wire) -> None:
    """Also just after a commit, when the gateway cannot know that it was one."""
    async with Load(gateway, "broken") as load:
        for turn in range(10):
            await load.goes_on()
            wire.breaks_after = b"COMMIT\0" if turn % 2 else b""
            if not turn % 2:
                wire.cut()
        await load.goes_on()
    await is_recorded(gateway, load.names)


@pytest.mark.slow
async def test_a_slow_postgresql_is_used_as_it_is(gateway: GatewayProcess, wire: Wire) -> None:
    wire.delay_seconds = 0.05
    async with Load(gateway, "slow") as load:
        for _ in range(3):
            await load.goes_on()
    await is_recorded(gateway, load.names)
    wire.delay_seconds = 0.0


@pytest.mark.slow
async def test_a_gateway_that_starts_without_its_postgresql_serves_what_it_served(
    gateway: GatewayProcess, server: PostgresServer
) -> None:
    async with Load(gateway, "early") as load:
        await load.goes_on()
    await asyncio.to_thread(server.stop)
    await gateway.stop()
    await gateway.start()
    async with Load(gateway, "later") as more:
        await is_away(gateway)
        await more.goes_on()
    await asyncio.to_thread(server.start)
    await is_recorded(gateway, load.names | more.names)
