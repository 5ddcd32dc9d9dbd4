"""Writes of one turn leave together and in order; where one cannot leave, the others do."""

from __future__ import annotations

import asyncio
import socket

import uvloop

from gateway.outbox import BUSY_SECONDS, FULL_TURN, Outbox


class Wire:
    def __init__(self, story: list[str], name: str) -> None:
        self.story, self.name, self.closing = story, name, False

    def write(self, data: bytes) -> None:
        if self.closing:  # as uvloop's transports do
            raise RuntimeError("unable to perform operation; the handler is closed")
        self.story.append(f"{self.name} {data.decode()}")

    def is_closing(self) -> bool:
        return self.closing


class Case:
    def __init__(self) -> None:
        self.story: list[str] = []
        self.in_flight = 0
        self.now = 1.0
        self.outbox = Outbox(
            asyncio.get_running_loop(), lambda: self.in_flight > 2, lambda: self.in_flight > 5,
            sleep=lambda seconds: self.story.append("rest"), now=lambda: self.now)
        self.a, self.b = Wire(self.story, "a"), Wire(self.story, "b")


async def test_with_little_in_flight_a_write_leaves_at_once() -> None:
    case = Case()
    case.outbox.put(case.a, b"1")
    assert case.story == ["a 1"]


async def test_writes_that_follow_each_other_closely_leave_together() -> None:
    case = Case()
    for wire, data in ((case.a, b"1"), (case.b, b"2"), (case.a, b"3")):
        case.outbox.put(wire, data)
        case.now += BUSY_SECONDS / 2
    assert case.story == ["a 1"]
    await asyncio.sleep(0)
    assert case.story == ["a 1", "b 2", "a 3"]


async def test_a_write_some_time_after_the_last_one_leaves_at_once() -> None:
    case = Case()
    for data in (b"1", b"2"):
        case.outbox.put(case.a, data)
        case.now += 2 * BUSY_SECONDS
    assert case.story == ["a 1", "a 2"]


async def test_in_a_crowd_the_writes_of_a_turn_leave_at_its_end_in_their_order() -> None:
    case = Case()
    case.in_flight = 9
    for wire, data in ((case.a, b"1"), (case.b, b"2"), (case.a, b"3")):
        case.outbox.put(wire, data)
    assert case.story == []
    await asyncio.sleep(0)
    assert case.story == ["a 1", "b 2", "a 3"]


async def test_what_comes_after_a_held_write_does_not_overtake_it() -> None:
    case = Case()
    case.in_flight = 9
    case.outbox.put(case.a, b"1")
    case.in_flight = 0
    case.outbox.put(case.a, b"2")
    assert case.story == []
    await asyncio.sleep(0)
    assert case.story == ["a 1", "a 2"]


async def test_what_is_flushed_has_left_and_leaves_once() -> None:
    case = Case()
    case.in_flight = 9
    case.outbox.put(case.a, b"1")
    case.outbox.flush()
    assert case.story == ["a 1"]
    case.outbox.put(case.a, b"2")
    await asyncio.sleep(0)
    assert case.story == ["a 1", "a 2"]


async def test_with_few_streams_a_frame_leaves_at_once() -> None:
    case = Case()
    case.in_flight = 4
    case.outbox.put_frame(case.a, b"1")
    assert case.story == ["a 1"]


async def test_with_many_streams_the_frames_of_a_turn_leave_together_and_the_worker_rests() -> None:
    case = Case()
    case.in_flight = 9
    for wire, data in ((case.a, b"1"), (case.b, b"2"), (case.a, b"3")):
        case.outbox.put_frame(wire, data)
    assert case.story == []
    await asyncio.sleep(0)
    assert case.story == ["a 1", "b 2", "a 3", "rest"]


async def test_where_a_turn_brings_many_frames_there_is_no_rest() -> None:
    case = Case()
    case.in_flight = 9
    for _ in range(FULL_TURN):
        case.outbox.put_frame(case.a, b"1")
    await asyncio.sleep(0)
    assert case.story == ["a 1"] * FULL_TURN


async def test_whole_replies_and_frames_keep_their_order() -> None:
    case = Case()
    case.in_flight = 9
    case.outbox.put_frame(case.a, b"1")
    case.outbox.put(case.a, b"2")
    case.in_flight = 0
    case.outbox.put_frame(case.a, b"3")
    await asyncio.sleep(0)
    assert case.story == ["a 1", "a 2", "a 3", "rest"]


async def test_a_frame_does_not_overtake_a_held_reply() -> None:
    case = Case()
    case.in_flight = 4
    case.outbox.put(case.a, b"1")
    case.outbox.put_frame(case.a, b"2")
    await asyncio.sleep(0)
    assert case.story == ["a 1", "a 2"]


async def test_a_flush_sends_the_frames_too_and_once() -> None:
    case = Case()
    case.in_flight = 9
    case.outbox.put_frame(case.a, b"1")
    case.outbox.flush()
    assert case.story == ["a 1"]
    case.outbox.put_frame(case.a, b"2")
    await asyncio.sleep(0)
    assert case.story == ["a 1", "a 2", "rest"]


async def test_a_wire_that_closed_meanwhile_takes_nobody_elses_bytes_with_it() -> None:
    case = Case()
    case.in_flight = 9
    for wire, data in ((case.a, b"1"), (case.b, b"2"), (case.a, b"3")):
        case.outbox.put(wire, data)
    case.a.closing = True
    await asyncio.sleep(0)
    assert case.story == ["b 2"]


def test_a_client_that_leaves_in_a_crowd_takes_nobody_elses_bytes_with_it() -> None:
    """On the workers' own loop, with real transports: one is aborted in the turn in which it was written to."""

    async def crowd() -> bytes:
        loop = asyncio.get_running_loop()
        outbox = Outbox(loop, lambda: True, lambda: True)
        pairs = [socket.socketpair() for _ in range(3)]
        transports = [(await loop.create_connection(asyncio.Protocol, sock=ours))[0] for ours, _ in pairs]
        for transport in transports:
            outbox.put(transport, b"reply")
        transports[0].abort()
        await asyncio.sleep(0.01)
        received = b"".join(theirs.recv(100) for _, theirs in pairs[1:])
        for transport in transports:
            transport.close()
        for _, theirs in pairs:
            theirs.close()
        await asyncio.sleep(0)
        return received

    assert uvloop.run(crowd()) == b"replyreply"
