"""Purges reach each worker once, in order, and only those that came after its start."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.cache import purges
from gateway.cache.purges import KEPT, Purge, PurgeReader
from tests.gateway.cache.hand import House, answer


def numbered(*numbers: int, **more: str) -> list[Purge]:
    return [Purge(number=number, **more) for number in numbers]


def test_a_worker_hears_what_is_purged_after_its_start_once(tmp_path: Path) -> None:
    purges.write(tmp_path, numbered(1, 2))
    reader = PurgeReader(tmp_path)
    assert reader.due() == []
    purges.write(tmp_path, numbered(1, 2, 3, 4))
    assert reader.due() == numbered(3, 4)
    assert reader.due() == []


def test_the_first_purge_of_a_host_is_heard(tmp_path: Path) -> None:
    reader = PurgeReader(tmp_path)
    assert reader.due() == []
    purges.write(tmp_path, numbered(7, model="m"))
    assert reader.due() == numbered(7, model="m")


def test_a_worker_that_is_far_behind_forgets_everything(tmp_path: Path) -> None:
    reader = PurgeReader(tmp_path)
    purges.write(tmp_path, numbered(*range(1, KEPT + 50), model="m"))
    assert reader.due() == numbered(KEPT + 49)


@pytest.mark.parametrize(("wanted", "gone"), [
    ({}, 3), ({"tenant": "a"}, 1), ({"tenant": "b"}, 2), ({"model": "m"}, 3), ({"model": "x"}, 0),
    ({"version": "v1", "tenant": "b"}, 2), ({"tenant": "c"}, 0),
])  # fmt: skip
async def test_what_matches_is_forgotten(wanted: dict[str, str], gone: int, tmp_path: Path) -> None:
    house = House(tmp_path)
    for number, tenant in enumerate(("a", "b", "b")):
        house.ask(f"question {number}", tenant=tenant)
        answer(house.calls[number], "Good")
    assert house.recall.forget(Purge(number=1, **wanted)) == gone
    assert len(house.memory) == 3 - gone


async def test_an_answer_that_is_under_way_is_not_remembered(tmp_path: Path) -> None:
    """It may be of what is to be forgotten."""
    house = House(tmp_path)
    client = house.ask()
    house.recall.forget(Purge(number=1))
    answer(house.calls[0], "Good")
    assert client.wire.status == 200
    assert len(house.memory) == 0
