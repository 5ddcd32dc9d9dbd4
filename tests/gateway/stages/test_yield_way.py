"""A line of a batch waits for its turn in its stage, and gives its place back whatever becomes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.pipeline import Pipeline
from gateway.reply import Reply
from gateway.stages.stage import Step
from gateway.stages.yield_way import YieldWay
from tests.gateway.batches.test_turns import Hall
from tests.gateway.exchanges import FaultList


class Answers(Step):
    """What comes behind; whoever gets here is answered when the test says so."""

    def __init__(self) -> None:
        self.here = 0

    def enter(self, exchange: object) -> Reply:
        self.here += 1
        return Reply(self)  # type: ignore[arg-type]

    def begin(self, flow: object) -> None: ...
    def cancel(self) -> None: ...


@pytest.fixture
async def hall(tmp_path: Path) -> Hall:
    return Hall(tmp_path)


async def test_who_has_no_turn_does_not_go_on_until_there_is_one(hall: Hall) -> None:
    behind = Answers()
    pipeline = Pipeline((YieldWay(hall.turns), behind), FaultList())
    lines = [hall.line(number) for number in range(3)]
    for line in lines:
        pipeline.start(line)
    assert behind.here == 2
    pipeline.settle(lines[0])
    hall.tick(0.0)
    assert hall.lines.began == [0, 1, 2]
    for line in lines[1:]:
        pipeline.abandon(line)
    assert not hall.turns.busy
    assert hall.board.cell("http://127.0.0.1:9").lines == 0


async def test_one_that_is_given_up_while_it_waits_leaves_no_trace(hall: Hall) -> None:
    pipeline = Pipeline((YieldWay(hall.turns), Answers()), FaultList())
    lines = [hall.line(number) for number in range(3)]
    for line in lines:
        pipeline.start(line)
    pipeline.abandon(lines[2])
    assert hall.turns.waiting == 0
    pipeline.settle(lines[0])
    hall.tick(0.0)
    assert hall.lines.began == [0, 1]
