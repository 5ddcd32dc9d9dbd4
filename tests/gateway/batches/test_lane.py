"""A worker takes up what nobody runs, leaves alone what another has, and lets go of all when it leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.batches.batch_store import INPUT
from gateway.batches.board import Board
from gateway.batches.lane import Lane
from gateway.batches.turns import Turns
from tests.gateway.batches.test_run import Host
from tests.gateway.exchanges import FaultList


@asynccontextmanager
async def lane_of(host: Host, folder: Path) -> AsyncIterator[tuple[Lane, FaultList]]:
    loop, faults = asyncio.get_running_loop(), FaultList()
    turns = Turns(Board(folder, "w0"), 0.0, host.clock, loop.call_soon)
    lane = Lane(host.around, turns, host.around.threads, faults, loop.time)
    task = asyncio.create_task(lane.run())
    try:
        yield lane, faults
    finally:
        await lane.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until_queue_has(host: Host, count: int) -> None:
    async with asyncio.timeout(10):
        while len(host.shelf.place.queued()) != count:
            await asyncio.sleep(0.01)


async def test_what_is_in_the_queue_is_run_and_what_comes_is_run_when_it_is_told(tmp_path: Path) -> None:
    host = Host(tmp_path / "shelf", None)
    batch = host.batch("q0")
    host.done(batch, 0)
    async with lane_of(host, tmp_path / "state") as (lane, faults):
        await until_queue_has(host, 0)
        late = host.batch("q0")
        host.done(late, 0)
        lane.wake()
        await until_queue_has(host, 0)
        assert repr(lane) == "<Lane 0 batches, <Turns 0 at work, 0 waiting>>"
        assert faults.faults == []
    found = host.shelf.batches.get("shop", batch.id)
    assert found is not None
    assert found.state == "completed"


async def test_what_another_runs_is_left_alone(tmp_path: Path) -> None:
    host = Host(tmp_path / "shelf", None)
    theirs, free = host.batch("q0"), host.batch("q0")
    for batch in (theirs, free):
        host.done(batch, 0)
    held = host.shelf.batches.take(host.shelf.folder_of(theirs))
    assert held is not None
    async with lane_of(host, tmp_path / "state"):
        await until_queue_has(host, 1)
        assert host.shelf.place.queued() == [host.shelf.folder_of(theirs)]
    held.let_go()


async def test_a_disk_that_is_away_is_told_and_keeps_nobody_else(tmp_path: Path) -> None:
    host = Host(tmp_path / "shelf", None)
    broken, sound = host.batch("q0"), host.batch("q0")
    host.done(sound, 0)
    (host.shelf.folder_of(broken) / INPUT).unlink()
    async with lane_of(host, tmp_path / "state") as (_, faults):
        await until_queue_has(host, 1)
    assert faults.faults[0] == ("batch_failed", "FileNotFoundError")
    assert len(faults.faults) == 1, "it is left alone for a while"
