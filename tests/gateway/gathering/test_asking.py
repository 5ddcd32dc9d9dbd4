"""What is asked together is answered to each for itself; what goes wrong with a shared call hurts nobody who would have
been answered alone. Over the wire of a fake server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.refusal import Draining
from tests.fakes.behaviour import Behaviour, Fault, Place
from tests.fakes.upstream import FakeVLLM
from tests.gateway.gathering.house import Client, House, expected, inputs_of, refuses, vectors
from tests.models.scripted_server import until


async def replies(*clients: Client) -> list[dict[str, Any]]:
    return [await client.reply() for client in clients]


async def test_who_ask_at_once_are_asked_for_in_one_call_and_each_gets_its_own(house: House, fake: FakeVLLM) -> None:
    await house.is_busy(fake)
    one, two, three = house.ask("apple"), house.ask(["pear", "fig"]), house.ask(["plum"])
    told = await replies(one, two, three)
    assert [inputs_of(request) for request in fake.inference] == [["apple", "pear", "fig", "plum"]]
    assert [vectors(reply) for reply in told] == [expected("apple"), expected("pear", "fig"), expected("plum")]
    assert [reply["id"] for reply in told] == [f"embd-{client.exchange.id}" for client in (one, two, three)]
    assert {(reply["model"], reply["object"]) for reply in told} == {("m", "list")}
    await house.check_nothing_is_left()


async def test_the_tokens_of_all_are_those_of_the_call(house: House, fake: FakeVLLM) -> None:
    await house.is_busy(fake)
    fake.keep_sent = True
    told = await replies(*(house.ask("word " * count) for count in (1, 2, 5)))
    (call,) = fake.inference
    whole = json.loads(bytes(call.sent).partition(b"\r\n\r\n")[2])["usage"]
    assert sum(reply["usage"]["prompt_tokens"] for reply in told) == whole["prompt_tokens"]
    assert sum(reply["usage"]["total_tokens"] for reply in told) == whole["total_tokens"]
    for record, reply in zip(house.records(), told, strict=True):
        assert (record.prompt_tokens, record.usage_source) == (reply["usage"]["prompt_tokens"], "apportioned")
        assert record.cost_micros == record.prompt_tokens


async def test_each_record_has_the_attempt_and_one_of_them_leads(house: House, fake: FakeVLLM) -> None:
    await house.is_busy(fake)
    await replies(house.ask("a"), house.ask("b"), house.ask("c"))
    attempts = [attempt for record in house.records() for attempt in record.attempts]
    assert [(attempt.result, attempt.others, attempt.follows) for attempt in attempts] == [
        ("answered", 2, False), ("answered", 2, True), ("answered", 2, True)]  # fmt: skip
    assert {record.arm_served for record in house.records()} == {"v1"}
    assert (house.counts.requests, house.counts.shared, house.counts.again) == (4, 3, 0)


async def test_a_request_alone_goes_and_comes_as_if_nothing_was_gathered(tmp_path: Path) -> None:
    async with FakeVLLM("m", keep_sent=True) as fake:
        sent = []
        for number, gather in enumerate(({}, {"gather": "none"})):
            house = House(tmp_path / str(number), fake, **gather)
            client = house.ask(["a", "b"], user="u", dimensions=2, metadata={"x": "y"})
            reply = await client.reply()
            assert (reply["usage"]["prompt_tokens"] > 0, client.exchange.record.usage_source) == (True, "reported")
            assert client.wire.body == bytes(fake.inference[-1].sent).partition(b"\r\n\r\n")[2]
            sent.append(fake.inference[-1].body)
            await house.check_nothing_is_left()
        assert sent[0] == sent[1]


async def test_a_bad_input_spoils_nobody_else_s_answer(house: House, fake: FakeVLLM) -> None:
    await house.is_busy(fake)
    fake.choose(refuses("rotten"))
    good, bad, other = house.ask("good"), house.ask("rotten"), house.ask(["other", "one"])
    told = await replies(good, bad, other)
    assert (good.wire.status, bad.wire.status, other.wire.status) == (200, 400, 200)
    assert told[1]["error"]["message"] == "rotten is no good"
    assert (vectors(told[0]), vectors(told[2])) == (expected("good"), expected("other", "one"))
    assert len(fake.inference) == 4
    by_id = {record.id: record for record in house.records()}
    assert [(a.result, a.status, a.others) for a in by_id[good.exchange.id].attempts] == [
        ("upstream_error", 400, 2), ("answered", 200, 0)]  # fmt: skip
    assert by_id[good.exchange.id].usage_source == "reported"
    assert house.counts.again == 3
    await house.check_nothing_is_left()


def _rows(*indices: Any) -> bytes:
    rows = [{"object": "embedding", "index": index, "embedding": [0.5]} for index in indices]
    return json.dumps({"object": "list", "model": "m", "data": rows}).encode()


@pytest.mark.parametrize("odd", [
    Behaviour(body=_rows(0)), Behaviour(body=_rows(0, 1, 2)), Behaviour(body=_rows(0, 0)), Behaviour(body=_rows(1, 2)),
    Behaviour(body=_rows("0", "1")), Behaviour(body=b'{"object": "list"}'), Behaviour(body=b'{"data": 5}'),
    Behaviour(body=b'{"data": [1, 2]}'), Behaviour(body=b'{"data": [{}, {}]}'),
    Behaviour(body=b"data: {}\n\n", content_type="text/event-stream"),
])  # fmt: skip
async def test_a_reply_that_cannot_be_shared_out_is_asked_for_again_one_by_one(
    house: House, fake: FakeVLLM, odd: Behaviour,
) -> None:
    await house.is_busy(fake)
    fake.script(odd)
    told = await replies(house.ask("a"), house.ask("b"))
    assert [vectors(reply) for reply in told] == [expected("a"), expected("b")]
    assert len(fake.inference) == 3
    await house.check_nothing_is_left()


async def test_rows_in_another_order_find_their_owners(house: House, fake: FakeVLLM) -> None:
    await house.is_busy(fake)
    fake.script(Behaviour(body=json.dumps({"data": [
        {"index": 2, "embedding": "C"}, {"index": 0, "embedding": "A"}, {"index": 1, "embedding": "B"}]}).encode()))
    told = await replies(house.ask("a"), house.ask(["b", "c"]))
    assert [vectors(reply) for reply in told] == [["A"], ["B", "C"]]
    assert {record.usage_source for record in house.records()} == {"none"}


@pytest.mark.parametrize(("broken", "status", "code"), [
    (Behaviour(status=500, body=b'{"error": {"message": "dead", "code": 500}}'), 500, 500),
    (Behaviour(status=429, body=b'{"error": {"message": "busy", "code": 429}}'), 429, 429),
    (Behaviour(status=401), 502, "upstream_unauthorized"),
    (Behaviour(fault=Fault.RESET, at=Place.HEAD), 502, "upstream_disconnected"),
])
async def test_what_fails_for_all_is_told_to_all_and_not_asked_again(
    house: House, fake: FakeVLLM, broken: Behaviour, status: int, code: Any,
) -> None:
    await house.is_busy(fake)
    fake.script(broken)
    clients = [house.ask(text) for text in "abc"]
    told = await replies(*clients)
    assert [client.wire.status for client in clients] == [status] * 3
    assert [reply["error"]["code"] for reply in told] == [code] * 3
    assert len(fake.inference) == 1
    await house.check_nothing_is_left()


async def test_a_shared_call_is_retried_and_falls_back_as_any_other(tmp_path: Path, fake: FakeVLLM) -> None:
    async with FakeVLLM("m") as spare:
        house = House(tmp_path, fake, fallback=spare)
        await house.is_busy(fake)
        fake.script(Behaviour(status=503))
        told = await replies(house.ask("a"), house.ask("b"))
        assert [vectors(reply) for reply in told] == [expected("a"), expected("b")]
        for record in house.records():
            assert [(a.result, a.version, a.others) for a in record.attempts] == [
                ("upstream_error", "v1", 1), ("answered", "v2", 1)]  # fmt: skip
            assert record.arm_served == "v2"
        await house.check_nothing_is_left()


async def test_who_leaves_before_it_is_sent_is_not_asked_for(house: House, fake: FakeVLLM) -> None:
    await house.is_busy(fake)
    one, left, two = house.ask("one"), house.ask("left"), house.ask("two")
    left.leave()
    await replies(one, two)
    assert [inputs_of(request) for request in fake.inference] == [["one", "two"]]
    assert left.exchange.record.attempts == []
    await house.check_nothing_is_left()


async def test_who_leaves_later_takes_nobody_with_it(house: House, fake: FakeVLLM) -> None:
    await house.is_busy(fake)
    fake.script(Behaviour(head_delay=0.1))
    one, left, two = house.ask("one"), house.ask("left"), house.ask("two")
    await fake.request()
    left.leave()
    told = await replies(one, two)
    assert [vectors(reply) for reply in told] == [expected("one"), expected("two")]
    by_id = {record.id: record for record in house.records()}
    (attempt,) = by_id[left.exchange.id].attempts
    assert (attempt.result, attempt.others, attempt.follows) == ("cancelled", 2, True)
    assert (by_id[left.exchange.id].outcome, by_id[left.exchange.id].usage_source) == ("abandoned", "none")
    await house.check_nothing_is_left()


async def test_with_the_last_one_the_server_is_let_go(house: House, fake: FakeVLLM) -> None:
    await house.is_busy(fake)
    fake.script(Behaviour(head_delay=30))
    clients = [house.ask("one"), house.ask("two")]
    request = await fake.request()
    for client in clients:
        client.leave()
    await request.closed_by_client.wait()
    attempts = [attempt for record in house.records() for attempt in record.attempts]
    assert [(attempt.result, attempt.follows) for attempt in attempts] == [("cancelled", True), ("cancelled", False)]
    await house.check_nothing_is_left()


async def test_one_that_is_cut_short_is_told_so_and_the_others_are_answered(house: House, fake: FakeVLLM) -> None:
    await house.is_busy(fake)
    fake.script(Behaviour(head_delay=0.1))
    cut, other = house.ask("cut"), house.ask("other")
    await fake.request()
    house.pipeline.cut_short(cut.exchange, Draining("It ends."))
    told = await replies(cut, other)
    assert (told[0]["error"]["code"], vectors(told[1])) == ("shutting_down", expected("other"))
    await house.check_nothing_is_left()


async def test_whose_time_is_over_first_bounds_the_call(tmp_path: Path, fake: FakeVLLM) -> None:
    house = House(tmp_path, fake, timeouts={"total": "10s"})
    await house.is_busy(fake)
    fake.script(Behaviour(head_delay=30))
    young, old = house.ask("young"), house.ask("old", age=9.9)
    await fake.request()
    await until(lambda: house.clock.time() > old.exchange.began_at + 10)
    house.endpoints.sweep(house.clock.time())
    told = await replies(young, old)
    assert [reply["error"]["code"] for reply in told] == ["upstream_timeout"] * 2
    await house.check_nothing_is_left()


async def test_a_bug_on_one_reply_s_way_is_no_other_client_s_business(house: House, fake: FakeVLLM) -> None:
    await house.is_busy(fake)

    def breaks(data: bytes) -> None:
        broken.wire.on_write = lambda data: None
        raise KeyError("a bug")

    broken, other = house.ask("broken"), house.ask("other")
    broken.wire.on_write = breaks
    assert vectors(await other.reply()) == expected("other")
    assert house.log.faults[0] == ("reply_failed", "KeyError")
    assert repr(house.gathering).startswith("<Gathering of 1 requests")  # what was under way before


async def test_a_bug_in_asking_is_told_to_all(
    house: House, fake: FakeVLLM, monkeypatch: pytest.MonkeyPatch,
) -> None:
    await house.is_busy(fake)

    def breaks(*_: Any) -> Any:
        raise KeyError("a bug")

    monkeypatch.setattr("gateway.inference.choose", breaks)
    together = [house.ask("one"), house.ask("two")]
    assert [reply["error"]["code"] for reply in await replies(*together)] == ["internal_error"] * 2
    alone = house.ask("alone")
    assert (await alone.reply())["error"]["code"] == "internal_error"
    assert house.log.faults == [("reply_failed", "KeyError")] * 2
    await until(lambda: repr(house.gathering) == "<Gathering of 0 requests in 0 places>")
