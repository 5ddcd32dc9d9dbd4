"""kill -9 of workers, and of the whole gateway, in the midst of a batch: one output line and one answer in the ledger
for each line of the input, whatever was killed and when."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
from pathlib import Path
from typing import Any

import httpx2 as httpx
import openai
import pytest

from tests.fakes.behaviour import Behaviour
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess

SEED = 20261127
IN_FLIGHT = 8
PATIENCE_SECONDS = 180.0  # a machine that is busy elsewhere starts things slowly
ENDPOINT = "/v1/chat/completions"


def routing(url: str) -> dict[str, Any]:
    price = {"prompt": 1, "completion": 1}
    return {"versions": {"v1": {"served_model": "m", "endpoints": [url], "price": price}},
            "models": {"m": {"split": {"v1": 1}, "batch": {"in_flight": IN_FLIGHT}}}}  # fmt: skip


def line(number: int) -> bytes:
    body = {"model": "m", "messages": [{"role": "user", "content": f"nonce:q{number}"}], "max_tokens": 3}
    return json.dumps({"custom_id": f"q{number}", "method": "POST", "url": ENDPOINT, "body": body}).encode() + b"\n"


class Killer:
    """Kills workers, and from time to time all there is, each time once some lines were asked since the last."""

    def __init__(self, gateway: GatewayProcess, fake: FakeVLLM, chance: random.Random, family_every: int) -> None:
        self._gateway, self._fake, self._chance = gateway, fake, chance
        self._family_every = family_every
        self.kills = 0

    async def kill(self, batch_id: str) -> bool:
        """False where the batch has ended before the next kill."""
        goal = len(self._fake.inference) + self._chance.randint(1, 3 * IN_FLIGHT)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self._fake.inference) < goal:
                if (state := await state_of(self._gateway, batch_id)) in ("completed", "failed"):
                    assert state == "completed"
                    return False
                await asyncio.sleep(0.01)
        await asyncio.sleep(self._chance.uniform(0, 0.03))
        self.kills += 1
        if self.kills % self._family_every == 0:
            await self._gateway.kill()
            await self._gateway.start(PATIENCE_SECONDS)
        else:
            for pid in (await self._gateway.worker_pids()).values():  # one of them has the batch
                os.kill(pid, signal.SIGKILL)
        return True


async def state_of(gateway: GatewayProcess, batch_id: str) -> str:
    """Empty while nobody answers."""
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
            reply = await client.get(f"{gateway.base_url}/v1/batches/{batch_id}")
        return str(reply.json()["status"]) if reply.status_code == 200 else ""
    except httpx.HTTPError:
        return ""


async def survives(folder: Path, lines: int, kills: int, family_every: int) -> None:
    chance = random.Random(SEED)
    async with FakeVLLM("m") as fake:
        fake.choose(lambda request: Behaviour(head_delay=chance.uniform(0.005, 0.06)))
        settings = {"workers": 2, "batches": {"quiet": "20ms"}}
        async with GatewayProcess(folder, routing(fake.url), **settings) as gateway:
            client = openai.AsyncOpenAI(base_url=gateway.base_url + "/v1", api_key="x")
            sent = await client.files.create(file=("in.jsonl", b"".join(map(line, range(lines)))), purpose="batch")
            batch = await client.batches.create(input_file_id=sent.id, endpoint=ENDPOINT, completion_window="24h")
            killer = Killer(gateway, fake, chance, family_every)
            while killer.kills < kills and await killer.kill(batch.id):
                pass
            async with asyncio.timeout(PATIENCE_SECONDS):
                while await state_of(gateway, batch.id) != "completed":
                    await asyncio.sleep(0.1)
            batch = await client.batches.retrieve(batch.id)
            assert batch.request_counts is not None
            assert (batch.request_counts.completed, batch.request_counts.failed) == (lines, 0)
            assert batch.output_file_id is not None
            content = (await client.files.content(batch.output_file_id)).content
            output = [json.loads(one) for one in content.splitlines()]
            assert [one["custom_id"] for one in output] == [f"q{number}" for number in range(lines)]
            named = {one["response"]["request_id"] for one in output}
            assert len(named) == lines
            await gateway.until(lambda: len(answered(gateway, batch.id)) >= lines, "its records", 30)
            rows = answered(gateway, batch.id)
            assert sorted(row["id"] for row in rows) == sorted(named), "one answer that is billed for each line"
            assert all(row["cost_micros"] > 0 for row in rows)
            assert len(fake.inference) <= lines + killer.kills * IN_FLIGHT, "only what was in flight is asked again"
            assert killer.kills >= min(kills, 2)
            assert gateway.ledger(batch=batch.id, code="preempted") == [], "nobody came who waits"
            for log in folder.glob("gateway*.log"):
                assert "record_unstorable" not in log.read_text(), "nor is any record written that the ledger has"
            await client.close()


def answered(gateway: GatewayProcess, batch_id: str) -> list[dict[str, Any]]:
    return gateway.ledger(batch=batch_id, outcome="answered")


async def test_a_batch_outlives_its_workers_and_the_gateway(tmp_path: Path) -> None:
    await survives(tmp_path, 100, kills=2, family_every=2)


@pytest.mark.slow
async def test_a_batch_outlives_many_kills(tmp_path: Path) -> None:
    await survives(tmp_path, 3000, kills=40, family_every=8)
