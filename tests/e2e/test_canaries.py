"""Nothing that a client or a model said, and no credential, stands in any file that the gateway writes."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from tests.e2e.asking import ask, request
from tests.fakes.behaviour import Behaviour, Fault, Place
from tests.fakes.malformed import BROKEN_ANSWERS, BROKEN_HTTP
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess, routing_to
from tests.raw_client import RawClient

pytestmark = pytest.mark.asyncio(loop_scope="module")
KEY, SERVER_KEY = "gw_key_7f3acanary", "gw_server_9d1ccanary"
PROMPT, REPLY, COOKIE, USER = "promptcanary4411", "replycanary5522", "cookiecanary6633", "usercanary7744"
CANARIES = (KEY, SERVER_KEY, PROMPT, REPLY, COOKIE, USER)
PRIVATE = f"authorization: Bearer {KEY}\r\ncookie: {COOKIE}\r\n"


def ask_for(stream: bool = False, **more: object) -> bytes:
    fields = {"messages": [{"role": "user", "content": PROMPT}], "user": USER, "metadata": {"a": PROMPT}, **more}
    return request(stream=stream, headers=PRIVATE, **fields)  # type: ignore[arg-type]


async def everything_that_can_happen(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    """Answers, refusals, faults of every kind: each has its own way into a log."""
    fake.default = Behaviour(text=(f" {REPLY}",) * 3)
    secret = b'{"id":"%b","choices":[' % REPLY.encode()
    dying = (Fault.RESET, Fault.FIN)
    faults = [Behaviour(fault=fault, at=place, after=1, text=(REPLY,) * 3) for place in Place for fault in dying]
    moved = Behaviour(status=302, headers=(("location", f"http://{REPLY}/"),))
    spoiled = [Behaviour(status=status, body=secret) for status in (200, 400, 500)] + [moved, Behaviour(engine_death=1)]
    for behaviour in [Behaviour(text=(REPLY,)), *faults, *spoiled, *BROKEN_HTTP.values(), *BROKEN_ANSWERS.values()]:
        for stream in (True, False):
            fake.default = behaviour
            await ask(gateway.port, ask_for(stream))
    fake.default = Behaviour(text=(REPLY,), token_delay=0.05)
    await leave_early(gateway)
    for broken in bad_requests():
        await ask(gateway.port, broken)


async def leave_early(gateway: GatewayProcess) -> None:
    async with RawClient(gateway.port) as client:
        await client.send(ask_for(True))
        await client.read_until(REPLY.encode())
        client.abort()


def bad_requests() -> list[bytes]:
    good = ask_for()
    wrong_key = good.replace(KEY.encode(), f"x{KEY}".encode())
    unknown = f"GET /{PROMPT}?key={KEY} HTTP/1.1\r\nhost: a\r\n{PRIVATE}\r\n".encode()
    no_json = good.replace(b'{"model"', b'["model"')
    twice = ask_for().replace(b'"user":', b'"user"=:')
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: {PROMPT} {KEY}\r\n{PRIVATE}\r\n".encode()
    return [wrong_key, unknown, no_json, twice, head, ask_for(stream=True, model=PROMPT), ask_for(stop=object.__name__)]


def files_of(gateway: GatewayProcess) -> list[Path]:
    written = [path for path in gateway.folder.rglob("*") if path.is_file()]
    return [path for path in written if path.name not in ("gatewright.yaml", "routing.yaml")]


async def test_no_canary_stands_in_any_file(
    fake: FakeVLLM, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Log at its most talkative, journal, ledger, snapshot: all of it is searched, while it runs and after it ended."""
    monkeypatch.setenv("UPSTREAM_KEY", SERVER_KEY)
    routing = routing_to(fake.url)
    routing["versions"]["v1"]["api_key_env"] = "UPSTREAM_KEY"
    keys = [{"id": "app", "sha256": sha256(KEY.encode()).hexdigest()}]
    settings = {"auth": "required", "keys": keys, "log_level": "debug"}
    async with GatewayProcess(tmp_path_factory.mktemp("canaries"), routing, **settings) as gateway:
        await everything_that_can_happen(gateway, fake)
        await gateway.until(lambda: len(gateway.ledger()) > 50, "the ledger to fill")
        assert_clean(gateway)
    assert_clean(gateway)


def assert_clean(gateway: GatewayProcess) -> None:
    files = files_of(gateway)
    assert len(files) >= 3
    found = [(path.name, canary) for path in files for canary in CANARIES if canary.encode() in path.read_bytes()]
    assert found == []
