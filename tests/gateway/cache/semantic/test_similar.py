"""Similar questions through the stages: what may be answered by the answer to another one, and what never."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.cache.entry import decode, encode
from gateway.cache.purges import Purge
from gateway.cache.semantic.embedders import NoVector
from tests.gateway.cache.hand import Client, House, answer, turns
from tests.gateway.cache.semantic.scripted import ScriptedEmbedders, told
from tests.gateway.exchanges import endpoints_at, routing, snapshot_of

CACHE: dict[str, Any] = {"ttl": "10m", "semantic": {"threshold": 0.9, "time": "5s"}}
ASKED, ALIKE, OTHER = "password how to reset it", "password reset it how", "refund how to get it"


@pytest.fixture
def embedders() -> ScriptedEmbedders:
    return ScriptedEmbedders()


@pytest.fixture
async def house(tmp_path: Path, embedders: ScriptedEmbedders) -> House:
    return House(tmp_path, cache=CACHE, embedders=embedders)


async def asked(house: House, text: str = ASKED, reply: str = "Good", **more: Any) -> Client:
    """Asks, and lets the model answer where it is asked."""
    calls = len(house.calls)
    client = house.ask(text, **more)
    for _ in range(200):
        if client.wire.writes or len(house.calls) > calls:
            break
        await asyncio.sleep(0.001)
    if len(house.calls) > calls:
        answer(house.calls[-1], reply)
    await told(client)
    return client


async def test_the_same_in_other_words_is_answered_and_told_so(house: House) -> None:
    first = await asked(house)
    alike = await asked(house, ALIKE)
    assert (first.cache, alike.cache, len(house.calls)) == ("miss", "similar", 1)
    assert alike.wire.body == first.wire.body
    assert 0.9 <= float(alike.wire.headers["x-gatewright-similarity"]) <= 1
    assert "x-gatewright-similarity" not in first.wire.headers
    _, record = house.records()
    assert (record.cache, record.usage_source, record.attempts, record.cost_micros) == ("similar", "cached", [], 0)
    assert (record.parent, round(record.similarity, 4)) == (
        first.exchange.id, float(alike.wire.headers["x-gatewright-similarity"]))
    assert (record.prompt_tokens, record.completion_tokens, record.finish_reason) == (11, 3, "stop")


async def test_it_is_given_in_the_form_that_is_asked_for(house: House) -> None:
    await asked(house)
    streamed = await asked(house, ALIKE, stream=True)
    assert (streamed.cache, b"data: [DONE]" in streamed.wire.body) == ("similar", True)


async def test_another_question_is_asked(house: House) -> None:
    await asked(house)
    assert (await asked(house, OTHER)).cache == "miss"
    assert house.similar.looks == {"none": 2}


async def test_the_very_same_question_needs_no_vector(house: House, embedders: ScriptedEmbedders) -> None:
    await asked(house)
    assert (await asked(house)).cache == "hit"
    assert embedders.asked == [ASKED]


async def test_what_was_given_for_a_similar_question_is_not_remembered_for_it(house: House) -> None:
    """Else each answer would be the neighbour of the next, and the last one far from the first."""
    await asked(house)
    await asked(house, ALIKE)
    assert (len(house.memory), len(house.similar.neighbours)) == (1, 1)


@pytest.mark.parametrize("text", ["password how to reset it 2", "password not reset it how",
                                  "password reset it how Ada"])
async def test_a_trait_that_differs_is_another_question(house: House, text: str) -> None:
    await asked(house)
    assert (await asked(house, text)).cache == "miss"


CHANGES: dict[str, dict[str, Any]] = {
    "tenant": {"tenant": "bank"}, "version": {"model": "m@v1"}, "parameter": {"seed": 1},
    "system": {"messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": ALIKE}]},
    "turns": {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"},
                           {"role": "user", "content": ALIKE}]},
    "name": {"messages": [{"role": "user", "name": "ada", "content": ALIKE}]},
    "limit": {"max_tokens": 100}, "format": {"response_format": {"type": "json_object"}},
    "unknown": {"something": "new"}, "part": {"messages": [{"role": "user", "content": [
        {"type": "text", "text": ALIKE}]}]},
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_all_but_the_last_turn_has_to_be_the_same(house: House, change: dict[str, Any]) -> None:
    await asked(house)
    assert (await asked(house, ALIKE, **change)).cache == "miss"


@pytest.mark.parametrize(("scope", "who"), [("key", {"key": "k2"}), ("user", {"user": "bob"})])
async def test_a_scope_is_a_border(
        tmp_path: Path, embedders: ScriptedEmbedders, scope: str, who: dict[str, Any]) -> None:
    house = House(tmp_path, cache={**CACHE, "scope": scope}, embedders=embedders)
    await asked(house, user="ada", key="k1")
    assert (await asked(house, ALIKE, **{"user": "ada", "key": "k1", **who})).cache == "miss"
    assert (await asked(house, ALIKE, user="ada", key="k1", stop=None)).cache == "miss"
    assert (await asked(house, ALIKE + " now", user="ada", key="k1")).cache == "miss"


async def test_another_policy_or_version_behind_the_name_is_another_question(house: House) -> None:
    await asked(house)
    changed = routing(cache=CACHE)
    changed["versions"]["v1"]["defaults"] = {"top_p": 0.5}
    house.snapshot = snapshot_of(changed, endpoints_at(house.clock))
    assert (await asked(house, ALIKE)).cache == "miss"


async def test_vectors_of_two_models_are_not_compared(house: House, embedders: ScriptedEmbedders) -> None:
    await asked(house)
    embedders.mark = b"another"
    assert (await asked(house, ALIKE)).cache == "miss"


IMAGE = {"type": "image_url", "image_url": {"url": "https://a.example/1.png"}}
UNFIT: dict[str, dict[str, Any]] = {
    "long": {"text": "password " + "x" * 400}, "empty": {"text": ""}, "no letters": {"text": "??"},
    "another script": {"text": "パスワードを忘れました"},
    "image": {"messages": [{"role": "user", "content": [{"type": "text", "text": ALIKE}, IMAGE]}]},
    "earlier image": {"messages": [{"role": "user", "content": [IMAGE]}, {"role": "user", "content": ALIKE}]},
    "tools": {"text": ALIKE, "tools": [{"type": "function", "function": {"name": "f"}}]},
    "choices": {"text": ALIKE, "n": 2}, "no user": {"messages": [{"role": "assistant", "content": ALIKE}]},
    "no message": {"messages": []}, "completion": {"operation": "completions", "prompt": ALIKE},
    "sampled": {"text": ALIKE, "temperature": 1},
}  # fmt: skip


@pytest.mark.parametrize("request_", UNFIT.values(), ids=UNFIT)
async def test_what_is_no_plain_question_is_never_looked_for(
        house: House, embedders: ScriptedEmbedders, request_: dict[str, Any]) -> None:
    await asked(house)
    client = await asked(house, **{"text": ASKED, **request_})
    assert (client.cache in ("miss", "bypass"), embedders.asked) == (True, [ASKED])


async def test_tools_are_no_hindrance_where_calls_may_be_remembered(
        tmp_path: Path, embedders: ScriptedEmbedders) -> None:
    house = House(tmp_path, cache={**CACHE, "tool_calls": True}, embedders=embedders)
    tools = [{"type": "function", "function": {"name": "f"}}]
    await asked(house, tools=tools)
    assert (await asked(house, ALIKE, tools=tools)).cache == "similar"


async def test_messages_are_looked_for_in_their_form(house: House) -> None:
    await asked(house, operation="messages", max_tokens=5)
    assert (await asked(house, ALIKE, operation="messages", max_tokens=5)).cache == "similar"
    assert (await asked(house, ALIKE, operation="messages", max_tokens=5, stream=True)).cache == "miss"


@pytest.mark.parametrize("headers", [{"x-gatewright-cache": "exact"}, {"x-gatewright-cache": "bypass"},
                                     {"cache-control": "no-cache"}, {"cache-control": "no-store"}])
async def test_a_client_may_refuse_it(house: House, headers: dict[str, str]) -> None:
    await asked(house)
    assert (await asked(house, ALIKE, headers=headers)).cache in ("miss", "bypass")
    assert (await asked(house, ASKED, headers={"x-gatewright-cache": "exact"})).cache == "hit"


@pytest.mark.parametrize("why", ["away", "late", "unreadable"])
async def test_an_embedder_that_fails_is_a_miss(house: House, embedders: ScriptedEmbedders, why: str) -> None:
    await asked(house)
    embedders.fails = NoVector(why)
    assert (await asked(house, ALIKE)).cache == "miss"
    assert house.similar.looks == {"none": 1, why: 1}
    assert house.log.faults == []


async def test_an_embedder_that_does_not_answer_is_a_miss_after_its_time(
        tmp_path: Path, embedders: ScriptedEmbedders) -> None:
    house = House(tmp_path, cache={"ttl": "10m", "semantic": {"threshold": 0.9, "time": "10ms"}}, embedders=embedders)
    embedders.gate.clear()
    assert (await asked(house)).cache == "miss"
    assert house.similar.looks == {"late": 1}
    assert len(house.similar.neighbours) == 0


async def test_what_the_memory_has_given_up_is_not_found(house: House) -> None:
    await asked(house)
    house.memory.remove_where(lambda payload: True)
    assert (await asked(house, ALIKE)).cache == "miss"
    assert house.similar.looks == {"none": 1, "gone": 1}


async def test_it_is_forgotten_in_time(house: House) -> None:
    await asked(house)
    house.clock.now += 601
    assert (await asked(house, ALIKE)).cache == "miss"


async def test_a_purge_takes_the_vectors_along(house: House) -> None:
    await asked(house)
    await asked(house, tenant="bank")
    house.recall.forget(Purge(number=1, tenant="bank"))
    assert len(house.similar.neighbours) == 1
    assert (await asked(house, ALIKE, tenant="bank")).cache == "miss"
    assert (await asked(house, ALIKE)).cache == "similar"


@pytest.mark.parametrize("field", ["tenant", "model", "version", "operation"])
async def test_an_entry_that_says_it_is_somebody_elses_is_not_given(house: House, field: str) -> None:
    """Partitions make this impossible. It is looked at once more all the same."""
    await asked(house)
    entry = decode(stored(house))
    house.memory.put(place(house), encode(msgspec.structs.replace(entry, **{field: "else"})), 600)
    assert (await asked(house, ALIKE)).cache == "miss"
    assert house.similar.looks["foreign"] == 1


async def test_a_bug_of_its_own_is_a_miss_and_told(house: House, embedders: ScriptedEmbedders) -> None:
    await asked(house)
    embedders.fails = ZeroDivisionError()
    assert (await asked(house, ALIKE)).cache == "miss"
    assert (house.similar.looks["failed"], house.log.faults) == (1, [("similar_failed", "ZeroDivisionError")])


def place(house: House) -> bytes:
    [found] = house.memory._held
    return found


def stored(house: House) -> bytes:
    return house.memory._held[place(house)].payload


async def test_who_waits_for_the_same_gets_it_too_but_not_who_refuses_it(
        house: House, embedders: ScriptedEmbedders) -> None:
    await asked(house)
    embedders.gate.clear()
    leader, follower = house.ask(ALIKE), house.ask(ALIKE)
    exact = house.ask(ALIKE, headers={"x-gatewright-cache": "exact"})
    await turns()
    embedders.gate.set()
    assert [await told(leader), await told(follower)] == ["similar", "similar"]
    await turns(5)
    assert (exact.wire.writes, len(house.calls)) == ([], 2)
    answer(house.calls[-1], "its own")
    assert b"its own" in exact.wire.body
    assert exact.cache == "miss"


async def test_a_leader_that_leaves_while_it_looks_leaves_nobody_waiting(
        house: House, embedders: ScriptedEmbedders) -> None:
    embedders.gate.clear()
    leader, follower = house.ask(ALIKE), house.ask(ALIKE)
    await turns()
    leader.leave()
    await turns(5)
    assert len(house.calls) == 1
    answer(house.calls[0], "Good")
    assert await told(follower) == "miss"
    assert house.recall.flights == 0


TEXTS = st.sampled_from([ASKED, ALIKE])
WORDS = st.sampled_from(["", "a", "b"])
WHO = st.fixed_dictionaries({
    "tenant": WORDS, "key": WORDS, "user": WORDS, "system": WORDS, "turn": WORDS,
    "seed": st.integers(0, 1), "version": st.sampled_from(["m", "m@v1"])})  # fmt: skip


def request_by(who: dict[str, Any], text: str) -> dict[str, Any]:
    messages = [{"role": "system", "content": who["system"]}, {"role": "user", "content": who["turn"]},
                {"role": "user", "content": text}]
    return {"tenant": who["tenant"], "key": who["key"], "user": who["user"] or None, "model": who["version"],
            "seed": who["seed"], "messages": messages, "subject": who["user"]}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(WHO, TEXTS), min_size=2, max_size=8), st.sampled_from(["tenant", "key", "user"]))
def test_no_answer_crosses_from_one_asker_to_another(
        tmp_path: Path, asks: list[tuple[dict[str, Any], str]], scope: str) -> None:
    """Documents over the whole stage: each reply tells whom it was made for, and nobody ever gets another's."""
    asyncio.run(_cross(tmp_path, asks, scope))


async def _cross(folder: Path, asks: list[tuple[dict[str, Any], str]], scope: str) -> None:
    house = House(folder, cache={**CACHE, "scope": scope}, embedders=ScriptedEmbedders())
    for who, text in asks:
        shared = {name: value for name, value in who.items()
                  if name not in ("key", "user") or name == scope}
        client = await asked(house, reply=json.dumps(shared, sort_keys=True), **request_by(who, text))
        content = json.loads(client.wire.body)["choices"][0]["message"]["content"]
        assert json.loads(content) == shared
