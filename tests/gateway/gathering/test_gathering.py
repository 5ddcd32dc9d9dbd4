"""Who goes with whom, and when: over the wire of a fake server that counts its calls."""

from __future__ import annotations

import asyncio
from pathlib import Path

from gateway.exchange import Exchange
from gateway.reply import Reply
from gateway.stages.stage import Step
from tests.fakes.behaviour import Behaviour
from tests.fakes.upstream import FakeVLLM
from tests.gateway.gathering.house import Client, House, expected, inputs_of, vectors
from tests.models.scripted_server import until


async def settled(*clients: Client) -> None:
    await until(lambda: all(client.exchange.settled for client in clients))


async def test_a_thousand_at_once_are_a_few_calls_and_each_gets_its_own(house: House, fake: FakeVLLM) -> None:
    await house.is_busy(fake)
    clients = [house.ask(f"text {number}") for number in range(1000)]
    await settled(*clients)
    assert [vectors(await client.reply()) for client in clients] == [
        expected(f"text {number}") for number in range(1000)]  # fmt: skip
    calls = [inputs_of(request) for request in fake.inference]
    assert sorted(one for call in calls for one in call) == sorted(f"text {number}" for number in range(1000))
    assert (sorted(map(len, calls)), house.counts.shared) == ([40] + [64] * 15, 1000)
    records = house.records()
    assert sum(not attempt.follows for record in records for attempt in record.attempts) == len(calls)
    await house.check_nothing_is_left()


async def test_one_after_the_other_none_of_them_waits(house: House, fake: FakeVLLM) -> None:
    for number in range(5):
        await house.ask(f"text {number}").reply()
    assert len(fake.inference) == 5
    assert house.counts.request_counts[0] == 5
    await house.check_nothing_is_left()


async def test_one_alone_that_may_go_with_nobody_keeps_nobody_waiting(house: House, fake: FakeVLLM) -> None:
    fake.script(Behaviour(head_delay=30))
    large = house.ask(["text"] * 65)
    await fake.request()
    others = [house.ask("a"), house.ask("b")]
    await settled(*others)
    assert not large.exchange.settled
    large.leave()
    await until(lambda: repr(house.gathering) == "<Gathering of 0 requests in 0 places>")
    await house.check_nothing_is_left()


async def test_what_comes_while_a_call_is_under_way_goes_with_the_next(tmp_path: Path, fake: FakeVLLM) -> None:
    house = House(tmp_path, fake, gather={"wait": "100ms"})
    fake.script(Behaviour(head_delay=0.05))
    first = house.ask("first")
    await fake.request()
    others = [house.ask(f"other {number}") for number in range(3)]
    await settled(first, *others)
    assert [len(inputs_of(request)) for request in fake.inference] == [1, 3]


async def test_it_waits_no_longer_than_it_is_told(house: House, fake: FakeVLLM) -> None:
    fake.script(Behaviour(head_delay=30))
    first = house.ask("first")
    await fake.request()
    second = house.ask("second")
    await settled(second)
    assert not first.exchange.settled
    first.leave()
    await settled(first)
    await until(lambda: repr(house.gathering) == "<Gathering of 0 requests in 0 places>")


async def test_those_who_may_not_go_together_do_not(house: House, fake: FakeVLLM) -> None:
    fake.default = Behaviour(head_delay=0.01)
    asked = [house.ask("a"), house.ask("b", tenant="bank"), house.ask("c", dimensions=2), house.ask([1, 2]),
             house.ask("d", model="m@v1")]  # fmt: skip
    assert repr(house.gathering) == "<Gathering of 5 requests in 4 places>"  # a pinned name is another one
    await settled(*asked)
    assert sorted(len(inputs_of(request)) for request in fake.inference) == [1, 1, 1, 1, 2]
    assert house.counts.shared == 0


async def test_tenants_go_together_where_the_operator_says_so(tmp_path: Path, fake: FakeVLLM) -> None:
    house = House(tmp_path, fake, gather={"across_tenants": True})
    await house.is_busy(fake, tenant="insurer")
    one, other = house.ask("a", tenant="shop"), house.ask("b", tenant="bank")
    assert (vectors(await one.reply()), vectors(await other.reply())) == (expected("a"), expected("b"))
    assert len(fake.inference) == 1


async def test_texts_and_token_ids_are_two_calls(house: House, fake: FakeVLLM) -> None:
    fake.default = Behaviour(head_delay=0.01)
    await house.is_busy(fake)
    await house.is_busy(fake, [1])
    asked = [house.ask("a"), house.ask([5, 6]), house.ask(["b"]), house.ask([[7], [8]])]
    await settled(*asked)
    assert sorted(map(str, (inputs_of(request) for request in fake.inference))) == ["['a', 'b']",
                                                                                    "[[5, 6], [7], [8]]"]


async def test_all_that_is_under_way_is_told_and_ends_with_it(house: House, fake: FakeVLLM) -> None:
    clients = [house.ask("a"), house.ask("b")]
    assert repr(house.gathering) == "<Gathering of 2 requests in 1 places>"
    await settled(*clients)
    await until(lambda: repr(house.gathering) == "<Gathering of 0 requests in 0 places>")


async def test_other_operations_pass_by(house: House, fake: FakeVLLM) -> None:
    asked = [house.ask("x", operation="score", text_1="a", text_2="b") for _ in range(3)]
    await settled(*asked)
    assert len(fake.inference) == 3
    assert house.gathering.counts == {}


async def test_one_that_never_began_leaves_nothing_behind(tmp_path: Path, fake: FakeVLLM) -> None:
    """A bug in a stage on the way back: the reply's source is there, and nobody lets it go."""
    class Breaking(Step):
        def leave(self, exchange: Exchange, reply: Reply) -> Reply:
            if exchange.document["input"] == "breaks":
                raise KeyError("a bug")
            return reply

    house = House(tmp_path, fake, more=[Breaking()])
    first, broken, other = house.ask("first"), house.ask("breaks", dimensions=2), house.ask("other")
    await settled(first, broken, other)
    assert (broken.wire.status, other.wire.status) == (500, 200)
    assert set(house.log.faults) == {("stage_failed", "KeyError")}
    await until(lambda: repr(house.gathering) == "<Gathering of 0 requests in 0 places>")


async def test_a_storm_of_clients_that_come_and_leave_leaves_nothing_behind(house: House, fake: FakeVLLM) -> None:
    fake.choose(lambda request: Behaviour(head_delay=0.005 * (len(request.body) % 3)))
    clients = []
    for number in range(300):
        clients.append(house.ask(["text"] * (1 + number % 7), user=str(number)))
        if number % 3 == 0:
            clients[number // 2].leave()
        if number % 10 == 0:
            await asyncio.sleep(0.001)
    await settled(*clients)
    answered = [record for record in house.records() if record.outcome == "answered"]
    assert len(answered) + sum(client.exchange.left for client in clients) == 300
    await until(lambda: repr(house.gathering) == "<Gathering of 0 requests in 0 places>")
    await house.check_nothing_is_left()


async def test_who_asks_the_same_follows_and_is_answered_though_the_leader_leaves(
    tmp_path: Path, fake: FakeVLLM,
) -> None:
    """A question that several ask is one part of a shared call, whoever of them stays."""
    house = House(tmp_path, fake, cache={"ttl": "10m"})
    await house.is_busy(fake)
    leader, other = house.ask("same"), house.ask("other")
    follower = house.ask("same")
    await asyncio.sleep(0)
    leader.leave()
    assert (vectors(await follower.reply()), vectors(await other.reply())) == (expected("same"), expected("other"))
    assert [inputs_of(request) for request in fake.inference] == [["same", "other"]]
    again = house.ask("same")
    assert vectors(await again.reply()) == expected("same")
    assert (again.exchange.record.cache, len(fake.inference)) == ("hit", 1)
    await house.check_nothing_is_left()
