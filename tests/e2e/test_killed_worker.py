"""kill -9 of a worker: what clients had in hand is on record once; the other worker's clients notice nothing."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from tests.e2e.asking import request
from tests.fakes.behaviour import Behaviour
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess, routing_to
from tests.raw_client import RawClient

pytestmark = pytest.mark.asyncio(loop_scope="module")
CLIENTS, KILLS = 40, 3


@pytest_asyncio.fixture(loop_scope="module")
async def gateway(fake: FakeVLLM, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayProcess]:
    async with GatewayProcess(tmp_path_factory.mktemp("killed"), routing_to(fake.url), workers=2) as gateway:
        yield gateway


@dataclass
class Client:
    """One application: asks again and again, and keeps its own list of what it has in hand."""

    number: int
    port: int
    finished: dict[str, float] = field(default_factory=dict)
    broken: list[float] = field(default_factory=list)

    async def run(self, over: asyncio.Event) -> None:
        """On one connection as long as that lasts; each connection that breaks is noted with its time."""
        count = 0
        while not over.is_set():
            async with RawClient(self.port) as connection:
                while not over.is_set() and await self._ask(connection, f"k{self.number}n{count}"):
                    count += 1
                count += 1

    async def _ask(self, connection: RawClient, name: str) -> bool:
        number, stream = len(connection.answers), self.number % 2 == 0
        await connection.send(request(stream=stream, name=name))
        answers = await connection.read_answers(number + 1, 15)
        whole = len(answers) > number and answers[number].complete and f"{name}-3".encode() in answers[number].body
        now = asyncio.get_running_loop().time()
        if whole:
            assert answers[number].status == 200
            self.finished[name] = now
        else:
            assert connection.closed
            self.broken.append(now)
        return whole


async def test_what_clients_had_in_hand_is_in_the_ledger_once(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    """Three kills under load: every finished exchange is on record exactly once, and service never stops."""
    fake.default = Behaviour(tokens=4, first_token_delay=0.02, token_delay=0.02)
    over = asyncio.Event()
    clients = [Client(number, gateway.port) for number in range(CLIENTS)]
    running = [asyncio.create_task(client.run(over)) for client in clients]
    kills: list[tuple[float, str]] = []
    for _ in range(KILLS):
        await asyncio.sleep(1.0)
        kills.append(await kill_a_worker(gateway, clients, busiest=not kills))
    await asyncio.sleep(0.5)
    over.set()
    await asyncio.gather(*running)

    finished = {name for client in clients for name in client.finished}
    await gateway.until(lambda: finished <= names_in(gateway).keys(), "what is finished to be in the ledger")
    counts = names_in(gateway)
    assert {name: counts[name] for name in finished} == dict.fromkeys(finished, 1)
    assert len(finished) > CLIENTS * KILLS
    # A connection breaks only by a kill, and by each kill a client's one connection at most once.
    assert all(len(client.broken) <= KILLS for client in clients)
    assert all(any(kill <= at < kill + 1 for kill, _ in kills) for client in clients for at in client.broken)
    assert any(client.broken for client in clients)
    served_by = {row["client_request_id"]: row["worker"] for row in gateway.ledger()}
    for kill, victim in kills:
        for client in clients:
            with_survivor = served_by.get(last_before(client, kill)) != victim
            assert not (with_survivor and hit(client, kill))


async def kill_a_worker(gateway: GatewayProcess, clients: list[Client], *, busiest: bool) -> tuple[float, str]:
    """The one that serves most of the clients, or fewest; returns when, and its name."""
    now = asyncio.get_running_loop().time()
    last = [last_before(client, now) for client in clients]
    await gateway.until(lambda: set(last) <= names_in(gateway).keys() | {""}, "the ledger to know who serves whom")
    served_by = {row["client_request_id"]: row["worker"] for row in gateway.ledger()}
    workers = await gateway.worker_pids()
    load = Counter(dict.fromkeys(workers, 0)) + Counter(served_by[name] for name in last if name)
    victim = (max if busiest else min)(workers, key=lambda name: load[name])
    killed_at = asyncio.get_running_loop().time()
    os.kill(workers[victim], signal.SIGKILL)

    async def is_replaced() -> bool:
        return (await gateway.worker_pids()).get(victim) not in (None, workers[victim])

    await gateway.until(is_replaced, "another worker in its place")
    return killed_at, victim


def last_before(client: Client, moment: float) -> str:
    """The last exchange that the client had in hand by then; on a connection of its own it tells its worker."""
    return max((at, name) for name, at in [*client.finished.items(), ("", 0.0)] if at < moment)[1]


def hit(client: Client, kill: float) -> bool:
    return any(kill <= at < kill + 1 for at in client.broken)


def names_in(gateway: GatewayProcess) -> Counter[str]:
    return Counter(row["client_request_id"] for row in gateway.ledger())


async def test_the_servers_of_a_killed_worker_are_let_go(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    """Its connections upstream die with it: nobody generates for clients who are gone."""
    fake.default = Behaviour(tokens=10_000, token_delay=0.01)
    async with RawClient(gateway.port) as client:
        await client.send(request(stream=True, name="orphan"))
        await client.read_until(b"orphan-3")
        for pid in (await gateway.worker_pids()).values():
            os.kill(pid, signal.SIGKILL)
        upstream = await fake.request()
        await asyncio.wait_for(upstream.closed_by_client.wait(), 2)


async def test_the_control_process_may_die_and_traffic_does_not_notice(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    """It comes back and brings the ledger up to date; until then the journal holds what happened."""
    control = [pid for pid, command in gateway.processes().items() if "operations.control" in command]
    os.kill(control[0], signal.SIGKILL)
    names = [f"alone-{i}" for i in range(50)]
    for name in names:
        async with RawClient(gateway.port) as client:
            await client.send(request(name=name))
            assert (await client.read_answers(1))[0].status == 200
    await gateway.until(lambda: set(names) <= names_in(gateway).keys(), "the ledger to be up to date again", 20)
    assert all(names_in(gateway)[name] == 1 for name in names)
