"""A worker says how it does to whoever listens, and is never held up by who does not."""

from __future__ import annotations

import socket
from contextlib import closing

import msgspec

from gateway.worker_status import EndpointStatus, StatusSender, WorkerStatus, decode_status

STATUS = WorkerStatus(
    worker="w0", pid=7, at=1.5, revision=3, ready=True, missing=["model m: no endpoint"], refused="é" * 1000,
    endpoints=[EndpointStatus("v1", "http://a:1", 5, True)] * 50, journal_lost=2, loop_lag_seconds=0.25)  # fmt: skip


def pair() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)


def test_a_status_arrives_as_it_was_sent() -> None:
    ours, theirs = pair()
    with ours, theirs:
        with closing(StatusSender(ours.detach())) as sender:
            sender.send(STATUS)
        assert decode_status(theirs.recv(1 << 16)) == STATUS


def test_one_who_does_not_listen_holds_nobody_up() -> None:
    ours, theirs = pair()
    with ours, theirs:
        with closing(StatusSender(ours.detach())) as sender:
            for _ in range(10_000):
                sender.send(STATUS)
        assert decode_status(theirs.recv(1 << 16)) == STATUS


def test_one_who_is_gone_is_no_fault() -> None:
    ours, theirs = pair()
    theirs.close()
    with closing(StatusSender(ours.detach())) as sender:
        sender.send(STATUS)


def test_fields_of_a_later_release_are_left_out() -> None:
    later = {**msgspec.to_builtins(STATUS), "something_new": 1}
    assert decode_status(msgspec.msgpack.encode(later)) == STATUS
