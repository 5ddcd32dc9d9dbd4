"""Repeat: under one Idempotency-Key one request is made, and everybody who sends it again gets its answer."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from gateway.idempotency import FOLDER, REPLY_BYTES, TTL_SECONDS, Claims
from gateway.refusal import UpstreamDisconnected
from gateway.stages.repeat import Repeat
from tests.gateway.cache.hand import JSON, Client, House, answer, event
from tests.gateway.exchanges import KEYS


class Host:
    """Two workers of one host."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.workers = [self.worker(folder / name) for name in ("w0", "w1")]

    def worker(self, folder: Path) -> House:
        return House(folder, after_read=lambda house: [
            Repeat(Claims(self.state, KEYS.cache), house.clock, house.log)])

    @property
    def files(self) -> list[Path]:
        return list((self.state / FOLDER).iterdir())


@pytest.fixture
async def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def ask(worker: House, key: str = "k-1", **body: Any) -> Client:
    return worker.ask(headers={"idempotency-key": key}, temperature=1, **body)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_request_sent_again_gets_the_same_answer_from_any_worker(host: Host, stream: bool) -> None:
    one, other = host.workers
    first = ask(one, stream=stream)
    answer(one.calls[0], "Good", " day")
    again = [ask(one, stream=stream), ask(other, stream=stream)]
    assert {client.wire.body for client in again} == {first.wire.body}
    assert [client.wire.headers.get("idempotency-replayed") for client in (first, *again)] == [None, "true", "true"]
    assert (len(one.calls), len(other.calls)) == (1, 0)
    record = other.records()[0]
    assert (record.cache, record.parent, record.usage_source) == ("hit", first.exchange.id, "cached")


async def test_while_it_is_in_progress_it_is_409(host: Host) -> None:
    one, other = host.workers
    ask(one)
    for worker in host.workers:
        refused = ask(worker)
        assert (refused.wire.status, refused.wire.error["code"]) == (409, "idempotency_in_progress")
        assert refused.wire.headers["retry-after"] == "1"
    answer(one.calls[0], "Good")
    assert ask(other).wire.status == 200


async def test_a_key_belongs_to_one_request(host: Host) -> None:
    one, _ = host.workers
    ask(one, text="a")
    answer(one.calls[0], "Good")
    reused = ask(one, text="b")
    assert (reused.wire.status, reused.wire.error["code"]) == (422, "idempotency_key_reused")
    assert ask(one, text="a").wire.status == 200


async def test_a_key_belongs_to_one_tenant(host: Host) -> None:
    one, _ = host.workers
    ask(one, tenant="a")
    answer(one.calls[0], "Good")
    ask(one, tenant="b")
    assert len(one.calls) == 2


async def test_a_request_that_failed_may_be_made_again(host: Host) -> None:
    one, other = host.workers
    ask(one)
    one.calls[0].fail(UpstreamDisconnected("gone"))
    assert host.files == []
    ask(other)
    answer(other.calls[0], "Good")
    assert b"Good" in ask(one).wire.body


async def test_a_client_that_left_may_ask_again(host: Host) -> None:
    one, other = host.workers
    client = ask(one, stream=True)
    one.calls[0].head()
    one.calls[0].frame(event("Goo"))
    client.leave()
    ask(other, stream=True)
    answer(other.calls[0], "Good")
    assert b"Good" in ask(one, stream=True).wire.body


async def test_what_the_server_refused_is_refused_again(host: Host) -> None:
    one, _ = host.workers
    ask(one)
    one.calls[0].head(400, JSON)
    one.calls[0].end(b'{"error": {"message": "no"}}')
    again = ask(one)
    assert (again.wire.status, len(one.calls)) == (400, 1)


async def test_a_servers_own_failure_is_not_kept(host: Host) -> None:
    one, _ = host.workers
    ask(one)
    one.calls[0].head(500, JSON)
    one.calls[0].end(b'{"error": {"message": "oh"}}')
    ask(one)
    assert len(one.calls) == 2


async def test_a_day_later_the_key_is_free(host: Host) -> None:
    one, _ = host.workers
    ask(one)
    answer(one.calls[0], "Good")
    one.clock.now += TTL_SECONDS
    ask(one)
    assert len(one.calls) == 2


async def test_what_is_kept_cannot_be_read_or_changed(host: Host) -> None:
    one, _ = host.workers
    ask(one, text="a secret question")
    answer(one.calls[0], "a secret answer")
    (file,) = host.files
    kept = file.read_bytes()
    assert b"secret" not in kept
    assert "k-1" not in file.name
    file.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    ask(one, text="a secret question")
    assert len(one.calls) == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "caf\u00e9", "a\tb"])
async def test_a_key_that_is_none_is_refused(key: str, host: Host) -> None:
    refused = ask(host.workers[0], key)
    assert (refused.wire.status, refused.wire.error["code"]) == (400, "invalid_idempotency_key")


async def test_a_reply_that_is_too_large_is_not_kept(host: Host) -> None:
    one, _ = host.workers
    client = ask(one, stream=True)
    answer(one.calls[0], *["x" * (1 << 20)] * (REPLY_BYTES // (1 << 20) + 1))
    assert client.wire.status == 200
    assert host.files == []


async def test_a_disk_that_fails_is_no_reason_not_to_answer(host: Host) -> None:
    one, _ = host.workers
    host.state.write_text("a file where the folder should be")
    client = ask(one)
    answer(one.calls[0], "Good")
    assert client.wire.status == 200
    assert one.log.faults == [("idempotency_failed", "NotADirectoryError")]


async def test_old_keys_are_swept(host: Host, tmp_path: Path) -> None:
    one, _ = host.workers
    for key in ("old", "new"):
        ask(one, key)
        answer(one.calls[-1], "Good")
    claims = Claims(host.state, KEYS.cache)
    now = max(file.stat().st_mtime for file in host.files)
    assert claims.sweep(now) == 0
    os.utime(host.files[0], (now - TTL_SECONDS, now - TTL_SECONDS))
    assert claims.sweep(now) == 1
    assert len(host.files) == 1


async def test_nothing_is_left_open(host: Host) -> None:
    one, _ = host.workers
    for number in range(20):
        client = ask(one, f"k-{number % 5}", text=str(number))
        if len(one.calls) > number:
            client.leave()
    opened = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if fd.isdigit() and
              os.path.exists(f"/proc/self/fd/{fd}")]
    assert [path for path in opened if path.startswith(str(host.state / FOLDER))] == []
