"""Writes of one turn go out together under load, at once without it, and always in their order."""

import asyncio

from gateway.outbox import Outbox


class Transport:
    """Keeps what was written to it, and in which place among all writes."""

    def __init__(self, log: list[tuple[str, bytes]], name: str) -> None:
        self._log = log
        self._name = name

    def write(self, data: bytes) -> None:
        self._log.append((self._name, data))


async def test_without_a_crowd_a_write_goes_out_at_once() -> None:
    log: list[tuple[str, bytes]] = []
    Outbox(asyncio.get_running_loop(), lambda: False).put(Transport(log, "a"), b"1")
    assert log == [("a", b"1")]


async def test_in_a_crowd_writes_wait_for_the_end_of_the_turn_and_keep_their_order() -> None:
    log: list[tuple[str, bytes]] = []
    one, two = Transport(log, "a"), Transport(log, "b")
    outbox = Outbox(asyncio.get_running_loop(), lambda: True)
    for transport, data in ((one, b"1"), (two, b"2"), (one, b"3")):
        outbox.put(transport, data)
    assert log == []
    await asyncio.sleep(0)
    assert log == [("a", b"1"), ("b", b"2"), ("a", b"3")]


async def test_what_is_held_goes_first_when_the_crowd_has_gone() -> None:
    """A write that overtook one before it would give a client another's bytes in the wrong place."""
    log: list[tuple[str, bytes]] = []
    crowd = [True]
    outbox = Outbox(asyncio.get_running_loop(), lambda: crowd[0])
    transport = Transport(log, "a")
    outbox.put(transport, b"1")
    crowd[0] = False
    outbox.put(transport, b"2")
    outbox.flush()
    assert log == [("a", b"1"), ("a", b"2")]
    await asyncio.sleep(0)
    assert len(log) == 2


async def test_a_flush_lets_the_next_turn_gather_again() -> None:
    log: list[tuple[str, bytes]] = []
    outbox = Outbox(asyncio.get_running_loop(), lambda: True)
    transport = Transport(log, "a")
    for data in (b"1", b"2"):
        outbox.put(transport, data)
        outbox.flush()
    await asyncio.sleep(0)
    assert log == [("a", b"1"), ("a", b"2")]
