"""A flight: one question, one call of the model server, however many ask it, and whoever of them leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.cache.flight import STAMPEDE
from gateway.refusal import Draining, UpstreamDisconnected
from tests.gateway.cache.hand import DONE, Client, House, answer, event, turns

REPLY = event("Good") + event(" day") + event("", "stop") + DONE


@pytest.fixture
async def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def crowd(house: House, count: int = 20) -> list[Client]:
    clients = [house.ask(stream=True) for _ in range(count)]
    await turns()
    return clients


async def test_a_thousand_who_ask_the_same_at_once_make_one_call(house: House) -> None:
    clients = await crowd(house, 1000)
    assert len(house.calls) == 1
    answer(house.calls[0], "Good", " day")
    await turns()
    assert {client.wire.body for client in clients} == {REPLY}
    assert [client.cache for client in clients] == ["miss", *["coalesced"] * 999]
    records = house.records()
    assert (len(records), sum(len(record.attempts) for record in records)) == (1000, 0)
    assert {record.usage_source for record in records if record.cache == "coalesced"} == {"cached"}
    assert house.recall.flights == 0
    assert sum(house.recall.stampedes.values()) == 1


@pytest.mark.parametrize(("followers", "counted"), [(STAMPEDE - 1, 0), (STAMPEDE, 1)])
async def test_a_stampede_is_a_question_that_many_ask_at_once(house: House, followers: int, counted: int) -> None:
    await crowd(house, 1 + followers)
    answer(house.calls[0], "Good", " day")
    await turns()
    assert dict(house.recall.stampedes) == {house.records()[0].model: counted}


async def test_followers_stream_as_the_leader_does(house: House) -> None:
    leader, follower = await crowd(house, 2)
    call = house.calls[0]
    call.head()
    call.frame(event("Good"))
    await turns()
    assert leader.wire.body_so_far == follower.wire.body_so_far
    assert b"Good" in follower.wire.body_so_far
    late = house.ask(stream=True)
    await turns()
    assert b"Good" in late.wire.body_so_far
    call.frame(event(" day"))
    assert b" day" in follower.wire.body_so_far
    assert b" day" in late.wire.body_so_far


async def test_a_leader_that_leaves_before_the_reply_began_is_not_missed(house: House) -> None:
    """The server is asked already: it goes on for those who wait."""
    leader, *others = await crowd(house, 3)
    leader.leave()
    assert not house.calls[0].cancelled
    answer(house.calls[0], "Good", " day")
    await turns()
    assert [client.wire.body for client in others] == [REPLY] * 2
    assert len(house.calls) == 1
    assert sorted(record.outcome for record in house.records()) == ["abandoned", "answered", "answered"]


async def test_a_leader_that_leaves_in_mid_reply_is_not_missed(house: House) -> None:
    leader, follower = await crowd(house, 2)
    call = house.calls[0]
    call.head()
    call.frame(event("Good"))
    await turns()
    leader.leave()
    assert not call.cancelled
    sent = leader.wire.sent
    call.frame(event(" day"))
    call.frame(event("", "stop"))
    call.end()
    await turns()
    assert follower.wire.body == REPLY
    assert leader.wire.sent == sent
    assert leader.exchange.settled
    assert house.ask(stream=True).cache == "hit"


async def test_the_server_is_let_go_with_the_last_who_wants_it(house: House) -> None:
    leader, first, second = await crowd(house, 3)
    house.calls[0].head()
    await turns()
    leader.leave()
    first.leave()
    assert not house.calls[0].cancelled
    second.leave()
    assert house.calls[0].cancelled
    assert leader.exchange.settled
    assert (house.recall.flights, len(house.records())) == (0, 3)


async def test_the_last_who_waited_lets_it_go_too(house: House) -> None:
    leader, follower = await crowd(house, 2)
    leader.leave()
    follower.leave()
    await turns()
    assert house.calls[0].cancelled
    assert leader.exchange.settled
    assert house.recall.flights == 0


async def test_a_follower_that_leaves_disturbs_no_one(house: House) -> None:
    leader, leaving, staying = await crowd(house, 3)
    call = house.calls[0]
    call.head()
    call.frame(event("Good"))
    await turns()
    leaving.leave()
    call.frame(event(" day"))
    call.frame(event("", "stop"))
    call.end()
    assert (leader.wire.body, staying.wire.body) == (REPLY, REPLY)
    assert b" day" not in leaving.wire.sent


async def test_a_server_that_fails_fails_all_and_is_not_asked_again(house: House) -> None:
    clients = await crowd(house, 5)
    house.calls[0].fail(UpstreamDisconnected("gone"))
    await turns()
    assert {client.wire.status for client in clients} == {502}
    assert len(house.calls) == 1
    assert {record.outcome for record in house.records()} == {"failed"}


async def test_a_failure_in_mid_reply_is_an_error_event_for_all(house: House) -> None:
    clients = await crowd(house, 3)
    house.calls[0].head()
    house.calls[0].frame(event("Good"))
    await turns()
    house.calls[0].fail(UpstreamDisconnected("gone"))
    for client in clients:
        assert b'"error"' in client.wire.body
        assert b"[DONE]" not in client.wire.body
    assert len(house.memory) == 0


async def test_a_slow_reader_is_waited_for_by_nobody_and_misses_nothing(house: House) -> None:
    leader, slow = await crowd(house, 2)
    call = house.calls[0]
    call.head()
    call.frame(event("Good"))
    await turns()
    assert slow.exchange.reply is not None
    slow.exchange.reply.source.pause()
    call.frame(event(" day"))
    assert (call.paused, b" day" in slow.wire.sent, b" day" in leader.wire.sent) == (False, False, True)
    call.frame(event("", "stop"))
    call.end()
    slow.exchange.reply.source.resume()
    assert slow.wire.body == REPLY


async def test_the_server_is_held_while_all_read_slowly(house: House) -> None:
    leader, follower = await crowd(house, 2)
    call = house.calls[0]
    call.head()
    call.frame(event("Good"))
    await turns()
    assert leader.exchange.reply is not None
    assert follower.exchange.reply is not None
    leader.exchange.reply.source.pause()
    assert not call.paused
    follower.exchange.reply.source.pause()
    assert call.paused
    follower.exchange.reply.source.resume()
    assert not call.paused


async def test_a_leader_alone_holds_the_server_by_its_own_pace(house: House) -> None:
    leader = house.ask(stream=True)
    house.calls[0].head()
    assert leader.exchange.reply is not None
    leader.exchange.reply.source.pause()
    assert house.calls[0].paused
    leader.exchange.reply.source.resume()
    assert not house.calls[0].paused


async def test_a_bug_on_one_followers_way_is_its_own(house: House) -> None:
    leader, broken, well = await crowd(house, 3)
    call = house.calls[0]
    call.head()
    await turns()

    def break_down(data: bytes) -> None:
        broken.wire.on_write = lambda data: None
        raise KeyError("a bug")

    broken.wire.on_write = break_down
    call.frame(event("Good"))
    call.frame(event(" day"))
    call.frame(event("", "stop"))
    call.end()
    assert (leader.wire.body, well.wire.body) == (REPLY, REPLY)
    assert broken.wire.status == 500
    assert house.log.faults == [("reply_failed", "KeyError")]


async def test_an_exchange_that_is_cut_short_lets_the_next_lead(house: House) -> None:
    leader, follower = await crowd(house, 2)
    house.pipeline.cut_short(leader.exchange, Draining("bye"))
    await turns()
    assert leader.wire.status == 503
    assert len(house.calls) == 2
    answer(house.calls[1], "Good", " day")
    assert (follower.wire.body, follower.cache) == (REPLY, "miss")
