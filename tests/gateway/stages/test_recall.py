"""Recall: what is remembered, for whom, and what is asked anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.refusal import UpstreamDisconnected
from tests.gateway.cache.hand import DONE, JSON, HandSource, House, answer, event
from tests.gateway.exchanges import endpoints_at, routing, snapshot_of


@pytest.fixture
async def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def test_the_same_question_is_asked_once_and_answered_frame_for_frame(house: House) -> None:
    first = house.ask(stream=True)
    answer(house.calls[0], "Good", " day")
    second = house.ask(stream=True)
    assert len(house.calls) == 1
    assert (first.cache, second.cache) == ("miss", "hit")
    assert second.wire.body == first.wire.body == event("Good") + event(" day") + event("", "stop") + DONE


async def test_a_hit_says_what_was_saved_and_costs_nothing(house: House) -> None:
    house.ask()
    answer(house.calls[0], "Good")
    house.ask()
    asked, hit = house.records()
    assert (asked.cache, asked.usage_source) == ("miss", "reported")
    assert (hit.cache, hit.usage_source, hit.attempts, hit.finish_reason) == ("hit", "cached", [], "stop")
    assert (hit.prompt_tokens, hit.completion_tokens, hit.cost_micros, hit.outcome) == (11, 3, 0, "answered")


@pytest.mark.parametrize("streamed", [True, False])
async def test_a_reply_is_given_in_the_form_that_is_asked_for(house: House, streamed: bool) -> None:
    house.ask(stream=streamed)
    answer(house.calls[0], "Good", " day")
    other = house.ask(stream=not streamed)
    assert other.cache == "hit"
    if streamed:
        document = json.loads(other.wire.body)
        assert document["choices"][0]["message"]["content"] == "Good day"
        assert document["usage"] == {"prompt_tokens": 11, "total_tokens": 14, "completion_tokens": 3}
    else:
        events = other.wire.body.split(b"\n\n")
        assert b"Good day" in other.wire.body
        assert events[-2:] == [b"data: [DONE]", b""]


@pytest.mark.parametrize("other", [
    {"text": "hello!"}, {"tenant": "bank"}, {"max_tokens": 5}, {"temperature": 0.0, "seed": 1},
    {"stop": ["x"]}, {"messages": [{"role": "system", "content": "hello"}]}, {"model": "m@v1"},
    {"tools": []}, {"logit_bias": {"5": 1}}, {"n": 2}, {"unknown_field": 1},
])  # fmt: skip
async def test_what_may_change_the_answer_is_another_question(house: House, other: dict[str, Any]) -> None:
    house.ask()
    answer(house.calls[0], "Good")
    assert house.ask(**other).wire.writes == []
    assert len(house.calls) == 2


@pytest.mark.parametrize("same", [
    {"user": "ada"}, {"metadata": {"a": "b"}}, {"stream_options": {"include_usage": False}, "stream": True},
    {"headers": {"x-request-id": "7"}}, {"temperature": 0.0}, {"service_tier": "auto"},
])  # fmt: skip
async def test_what_cannot_is_the_same(house: House, same: dict[str, Any]) -> None:
    house.ask()
    answer(house.calls[0], "Good")
    assert house.ask(**same).cache == "hit"


async def test_keys_in_another_order_are_the_same_question(house: House) -> None:
    house.ask(a={"x": 1, "y": 2}, b=3)
    answer(house.calls[0], "Good")
    assert house.ask(b=3, a={"y": 2, "x": 1}).cache == "hit"


@pytest.mark.parametrize("drawn", [{"temperature": 0.7}, {"temperature": 1}, {"temperature": None}])
async def test_what_is_drawn_by_lot_is_remembered_only_where_that_is_asked_for(
    drawn: dict[str, Any], tmp_path: Path,
) -> None:
    plain, asked = House(tmp_path / "a"), House(tmp_path / "b", cache={"ttl": "1m", "sampled": True})
    for house in (plain, asked):
        first = house.ask(**drawn)
        answer(house.calls[0], "Good")
        house.ask(**drawn)
        assert (first.cache, len(house.calls)) == (("bypass", 2) if house is plain else ("miss", 1))


async def test_a_versions_default_temperature_counts(tmp_path: Path) -> None:
    house = House(tmp_path)
    request: dict[str, Any] = {"temperature": None}
    assert house.ask(**request).exchange.record.cache == "bypass"


def truncated(call: HandSource) -> None:
    answer(call, "Goo", reason="length")


def refused(call: HandSource) -> None:
    call.head(400, JSON)
    call.end(b'{"error": {"message": "no"}}')


def broken(call: HandSource) -> None:
    call.head()
    call.frame(event("Goo"))
    call.fail(UpstreamDisconnected("gone"))


def called_a_tool(call: HandSource) -> None:
    answer(call, "", reason="tool_calls")


@pytest.mark.parametrize("ends", [truncated, refused, broken, called_a_tool])
async def test_what_is_no_whole_answer_is_not_remembered(house: House, ends: Any) -> None:
    house.ask(stream=True)
    ends(house.calls[0])
    house.ask(stream=True)
    assert len(house.calls) == 2
    assert len(house.memory) == 0


async def test_an_answer_as_long_as_was_asked_for_is_whole(house: House) -> None:
    house.ask(max_tokens=1)
    answer(house.calls[0], "Goo", reason="length")
    assert house.ask(max_tokens=1).cache == "hit"


async def test_calls_of_tools_are_remembered_where_that_is_asked_for(tmp_path: Path) -> None:
    house = House(tmp_path, cache={"ttl": "1m", "tool_calls": True})
    house.ask()
    called_a_tool(house.calls[0])
    assert house.ask().cache == "hit"


async def test_an_abandoned_reply_is_not_remembered(house: House) -> None:
    client = house.ask(stream=True)
    house.calls[0].head()
    house.calls[0].frame(event("Goo"))
    client.leave()
    assert house.calls[0].cancelled
    assert (len(house.memory), house.recall.flights) == (0, 0)


@pytest.mark.parametrize(("headers", "remembers"), [
    ({"cache-control": "no-cache"}, True), ({"cache-control": "no-store"}, False),
    ({"cache-control": "max-age=0"}, True), ({"x-gatewright-cache": "bypass"}, False),
    ({"x-gatewright-cache": "Refresh"}, True), ({"cache-control": "no-store, no-cache"}, False),
])  # fmt: skip
async def test_a_client_may_pass_the_cache_by(house: House, headers: dict[str, str], remembers: bool) -> None:
    house.ask()
    answer(house.calls[0], "old")
    passing = house.ask(headers=headers)
    answer(house.calls[1], "new")
    assert (passing.cache, b"new" in passing.wire.body) == ("bypass", True)
    assert (b"new" if remembers else b"old") in house.ask().wire.body


async def test_what_is_remembered_is_forgotten_in_time(house: House) -> None:
    house.ask()
    answer(house.calls[0], "Good")
    house.clock.now += 599
    assert house.ask().cache == "hit"
    house.clock.now += 2
    house.ask()
    assert len(house.calls) == 2


async def test_a_reply_larger_than_an_entry_may_be_is_not_remembered(tmp_path: Path) -> None:
    house = House(tmp_path, cache={"ttl": "1m", "entry_bytes": 1024})
    client = house.ask(stream=True)
    answer(house.calls[0], *["x" * 100] * 20)
    assert client.wire.body.count(b"x" * 100) == 20
    house.ask(stream=True)
    assert (len(house.memory), len(house.calls)) == (0, 2)


@pytest.mark.parametrize(("scope", "hits"), [("tenant", True), ("user", False)])
async def test_a_scope_says_who_shares(scope: str, hits: bool, tmp_path: Path) -> None:
    house = House(tmp_path, cache={"ttl": "1m", "scope": scope})
    house.ask(user="ada")
    answer(house.calls[0], "Good")
    assert bool(house.ask(user="ada").wire.writes)
    assert bool(house.ask(user="eve").wire.writes) == hits


async def test_a_model_without_a_cache_is_left_alone(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.snapshot = snapshot_of(routing(), endpoints_at(house.clock))
    house.ask()
    answer(house.calls[0], "Good")
    assert house.ask().exchange.record.cache == "bypass"
    assert len(house.memory) == 0


async def test_embeddings_are_remembered_without_a_temperature(house: House) -> None:
    body: dict[str, Any] = {"input": "words", "temperature": None}
    house.ask(operation="embeddings", **body)
    house.calls[0].head(200, JSON)
    house.calls[0].end(b'{"object": "list", "data": []}', "")
    assert house.ask(operation="embeddings", **body).cache == "hit"


async def test_responses_that_the_server_keeps_are_asked_for_each_time(house: House) -> None:
    assert house.ask(operation="responses", input="x").exchange.record.cache == "bypass"
    assert house.ask(operation="responses", input="x", store=False).exchange.record.cache == "miss"
    assert house.ask(operation="responses", input="x", store=False,
                     previous_response_id="r").exchange.record.cache == "bypass"  # fmt: skip
