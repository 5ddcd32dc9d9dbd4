"""kill -9 of anything, at any moment: what clients had in hand is in the ledger once, and in its writer's order."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import select

from operations.store.database import Database
from operations.store.tables import exchange
from tests.e2e.asking import request
from tests.fakes.behaviour import Behaviour
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess, routing_to
from tests.raw_client import RawClient

pytestmark = pytest.mark.asyncio(loop_scope="module")
CLIENTS = 12
KILLS_A_LIFE = 9  # of children; then the whole family dies. A child that dies young again and again waits to be started
REPLIES_BETWEEN = 15  # at least so much load lies between two kills
SEED = 20261126
PATIENCE_SECONDS = 120.0  # a machine that is busy elsewhere starts things slowly


@dataclass
class Client:
    """One application: asks again and again, and keeps its own list of the exchanges that it has in hand."""

    number: int
    gateway: GatewayProcess
    in_hand: list[str] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)

    async def run(self, over: asyncio.Event) -> None:
        while not over.is_set():
            try:
                async with RawClient(self.gateway.port) as connection:
                    while not over.is_set() and await self._ask(connection):
                        pass
            except (OSError, TimeoutError):
                await asyncio.sleep(0.02)  # nobody listens: the whole family is gone

    async def _ask(self, connection: RawClient) -> bool:
        number, stream = len(connection.answers), self.number % 2 == 0
        await connection.send(request(stream=stream, name=f"c{self.number}n{len(self.in_hand)}"))
        answers = await connection.read_answers(number + 1, 20)
        if len(answers) <= number or not answers[number].complete:
            return False
        answer = answers[number]
        if not stream or answer.status != 200 or answer.body.endswith(b"data: [DONE]\n\n"):
            name = answer.header("x-request-id")
            assert name is not None
            self.in_hand.append(name)
            self.statuses.add(answer.status)
        return True


class Killer:
    """Ends processes of a gateway under load: workers mostly, sometimes control, and after some the whole family."""

    def __init__(self, gateway: GatewayProcess, clients: list[Client], chance: random.Random) -> None:
        self.gateway = gateway
        self.kills: defaultdict[str, int] = defaultdict(int)
        self._clients = clients
        self._chance = chance
        self._in_this_life = 0

    async def kill(self) -> None:
        await self._some_load()
        await asyncio.sleep(self._chance.uniform(0, 0.1))
        self._in_this_life += 1
        if self._in_this_life > KILLS_A_LIFE:
            self._in_this_life = 0
            self.kills["family"] += 1
            await self.gateway.kill()
            await self.gateway.start(PATIENCE_SECONDS)
            return
        kind = "operations.control" if self._chance.random() < 0.2 else "gateway.worker"
        pids = [pid for pid, command in self.gateway.processes().items() if kind in command]
        if pids:
            os.kill(self._chance.choice(pids), signal.SIGKILL)
            self.kills[kind] += 1

    async def _some_load(self) -> None:
        before = self._replies()
        await self.gateway.until(lambda: self._replies() >= before + REPLIES_BETWEEN, "replies", PATIENCE_SECONDS)

    def _replies(self) -> int:
        return sum(len(client.in_hand) for client in self._clients)


async def ledger_of(url: str) -> list[tuple[str, str, int]]:
    """Id, writer and place of every exchange."""
    database = Database(url)
    found = await database.run(lambda connection: [
        (str(one), str(writer), int(place)) for one, writer, place in
        connection.execute(select(exchange.c.id, exchange.c.writer, exchange.c.sequence))])
    database.close()
    return found


async def survives(kills: int, folder: Path, fake: FakeVLLM, database: str, durability: str) -> None:
    fake.default = Behaviour(tokens=3, first_token_delay=0.002, token_delay=0.002)
    gateway = GatewayProcess(folder, routing_to(fake.url), workers=2, database=database, durability=durability)
    clients = [Client(number, gateway) for number in range(CLIENTS)]
    over = asyncio.Event()
    async with gateway:
        running = [asyncio.create_task(client.run(over)) for client in clients]
        killer = Killer(gateway, clients, random.Random(SEED + kills))
        while sum(killer.kills.values()) < kills:
            await killer.kill()
        over.set()
        await asyncio.gather(*running)
        await gateway.stop()  # in order: what the journals hold is drained
    assert {"gateway.worker", "operations.control", "family"} <= killer.kills.keys() or kills < 20
    assert all(client.statuses == {200} for client in clients)
    holds(clients, await ledger_of(database))
    logs = "".join(path.read_text(errors="replace") for path in folder.glob("*.log"))
    assert '"journal_gap"' not in logs
    assert '"child_died"' in logs


def holds(clients: list[Client], rows: list[tuple[str, str, int]]) -> None:
    """What was promised: each exchange in hand once, and of each writer all that it had appended before, in order."""
    ids = [one for one, _, _ in rows]
    assert len(ids) == len(set(ids))
    places = {one: (writer, sequence) for one, writer, sequence in rows}
    assert [one for client in clients for one in client.in_hand if one not in places] == []
    counted: defaultdict[str, list[int]] = defaultdict(list)
    for writer, sequence in places.values():
        counted[writer].append(sequence)
    for sequences in counted.values():
        assert sorted(sequences) == list(range(1, len(sequences) + 1))
    for client in clients:
        seen: dict[str, int] = {}
        for writer, sequence in (places[one] for one in client.in_hand):
            assert sequence > seen.get(writer, 0)
            seen[writer] = sequence
    assert all(one.startswith(writer) for one, (writer, _) in places.items())


async def test_a_few_kills_under_load(tmp_path: Path, fake: FakeVLLM, database_url: str) -> None:
    durability = "process" if database_url.startswith("sqlite") else "disk"
    await survives(10, tmp_path, fake, database_url, durability)


@pytest.mark.slow
@pytest.mark.parametrize("durability", ["process", "disk"])
async def test_a_hundred_kills_under_load(
    tmp_path: Path, fake: FakeVLLM, database_url: str, durability: str
) -> None:
    """Twice for each database: two hundred at SQLite, two hundred at PostgreSQL."""
    await survives(100, tmp_path, fake, database_url, durability)
