"""Rechecks: behind a similar answer the model is asked all the same, and what it says is compared and told."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gateway.cache.semantic.embedders import NoVector
from gateway.cache.semantic.recheck import AT_ONCE, said_in
from gateway.refusal import UpstreamDisconnected
from tests.gateway.cache.hand import HandSource, House, answer, turns
from tests.gateway.cache.semantic.scripted import ScriptedEmbedders, told
from tests.gateway.cache.semantic.test_similar import ALIKE, asked

CACHE: dict[str, Any] = {"ttl": "10m", "semantic": {"threshold": 0.9, "time": "5s", "recheck": 0.5}}


@pytest.fixture
async def house(tmp_path: Path) -> House:
    """Which draws that every similar answer is rechecked."""
    house = House(tmp_path, cache=CACHE, embedders=ScriptedEmbedders())
    house.lot = 0.49
    return house


async def rechecked(house: House, **more: Any) -> HandSource:
    """The call behind a similar answer."""
    await asked(house, reply="answer of five words indeed", **more)
    assert await told(house.ask(ALIKE, **more)) == "similar"
    await turns(5)
    assert len(house.calls) == 2
    return house.calls[1]


async def over(house: House) -> None:
    for _ in range(200):
        if not house.rechecks.running:
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it does not end")


@pytest.mark.parametrize(("says", "result", "value", "stays"), [
    ("answer of  five words\nindeed", "agreed", 1.0, True), ("answer of five words truly", "agreed", 1.0, True),
    ("else it is quite different", "disagreed", 0.0, False),
])
async def test_the_two_answers_are_compared_and_a_wrong_one_is_forgotten(
        house: House, says: str, result: str, value: float, stays: bool) -> None:
    call = await rechecked(house)
    answer(call, says)
    await over(house)
    [signal] = house.signals()
    _, similar, again = house.records()
    assert (signal.kind, signal.name, signal.value, signal.exchange_id) == ("recheck", result, value, similar.id)
    assert signal.body["by"] == again.id
    assert signal.body["model"] == "m"
    assert (again.purpose, again.parent, again.outcome) == ("recheck", similar.id, "answered")
    assert again.completion_tokens == 3
    assert (len(house.memory) == 1, len(house.similar.neighbours) == 1) == (stays, stays)


async def test_it_delays_nothing_and_is_remembered_nowhere(house: House) -> None:
    """The similar answer is there while the model has not even begun; and the fresh one is shown to nobody."""
    call = await rechecked(house, stream=True)
    assert (call.exchange.streamed, call.exchange.document.get("stream")) == (False, None)
    answer(call, "answer of five words indeed")
    await over(house)
    assert len(house.memory) == 1
    assert (await asked(house, stream=True)).cache == "hit"


async def test_it_is_drawn_by_lot(house: House) -> None:
    house.lot = 0.5
    await asked(house)
    assert (await asked(house, ALIKE)).cache == "similar"
    await turns(5)
    assert (len(house.calls), house.rechecks.running) == (1, 0)


async def test_no_more_than_a_few_at_once(house: House) -> None:
    await asked(house)
    for number in range(AT_ONCE + 3):
        assert await told(house.ask(ALIKE + "." * number)) == "similar"
    await turns(5)
    assert (house.rechecks.running, house.rechecks.shed) == (AT_ONCE, 3)
    house.rechecks.close()
    await over(house)
    assert [call.cancelled for call in house.calls[1:]] == [True] * AT_ONCE
    assert house.signals() == []


@pytest.mark.parametrize("fails", ["upstream", "status", "text", "vector"])
async def test_what_cannot_be_compared_decides_nothing(house: House, fails: str) -> None:
    call = await rechecked(house)
    if fails == "upstream":
        call.fail(UpstreamDisconnected("gone"))
    elif fails == "status":
        call.head(429)
        call.end(b'{"error": {"message": "no"}}')
    elif fails == "text":
        call.head()
        call.end(b'{"choices": []}')
    else:
        house.similar._embedders.fails = NoVector("late")  # type: ignore[attr-defined]
        answer(call, "something else")
    await over(house)
    [signal] = house.signals()
    assert (signal.name, signal.value, len(house.memory)) == ("undecided", None, 1)
    assert house.records()[-1].outcome in ("answered", "failed")
    assert house.log.faults == []


@pytest.mark.parametrize(("body", "says"), [
    (b'{"choices": [{"message": {"content": "a"}}]}', "a"), (b'{"choices": [{"message": {"content": null}}]}', None),
    (b'{"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}', "ab"), (b"{}", None),
    (b"[]", None), (b"no JSON", None), (b'{"choices": [{}]}', None),
])
def test_what_an_answer_says_is_its_text(body: bytes, says: str | None) -> None:
    assert said_in(body) == says
