"""Headers pass by permission only, both ways: credentials, cookies and a proxy's remarks stay where they belong."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256

import pytest
import pytest_asyncio

from tests.e2e.asking import ask, assert_our_error, request
from tests.fakes.behaviour import Behaviour
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess, routing_to

pytestmark = pytest.mark.asyncio(loop_scope="module")

# What a client, or a proxy before the gateway, may send and upstream must not see.
PRIVATE = {
    "authorization": "Bearer client-secret", "x-api-key": "client-secret", "cookie": "session=client-secret",
    "proxy-authorization": "Basic client-secret", "x-forwarded-for": "10.1.2.3", "x-forwarded-host": "evil.test",
    "x-forwarded-proto": "https", "forwarded": "for=10.1.2.3", "x-real-ip": "10.1.2.3", "via": "1.1 proxy",
    "x-gatewright-version": "m@other", "x-gatewright-admin": "yes", "x-original-url": "/sleep", "te": "trailers",
    "x-http-method-override": "DELETE", "connection": "keep-alive, x-secret", "x-secret": "client-secret",
    "keep-alive": "timeout=5", "upgrade-insecure-requests": "1", "referer": "https://intranet.test/",
    "origin": "https://intranet.test", "user-agent": "an application/1.0",
    "accept-encoding": "gzip, br", "range": "bytes=0-1", "if-none-match": '"x"', "x-fake": "{}",
    "openai-organization": "org-secret", "expect": "100-continue",
}  # fmt: skip
# What every request upstream consists of, and nothing else.
ALLOWED = {"host", "accept", "content-type", "content-length", "x-request-id", "authorization", "traceparent",
           "tracestate", "anthropic-version", "anthropic-beta", "user-agent"}  # fmt: skip
# What a server may say of itself, and the client must not hear.
PRIVATE_REPLY = {
    "set-cookie": "a=upstream-secret", "server": "upstream-secret", "x-powered-by": "upstream-secret",
    "x-upstream-host": "upstream-secret", "www-authenticate": "Basic upstream-secret", "via": "1.1 upstream-secret",
    "access-control-allow-origin": "*", "location": "http://upstream-secret/", "alt-svc": 'h3=":443"',
    "strict-transport-security": "max-age=1", "x-gatewright-version": "upstream-secret",
    "x-request-id": "upstream-secret", "x-gatewright-guard": "upstream-secret",
    "refresh": "0; url=http://upstream-secret/", "content-encoding": "identity",
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def keyed(fake: FakeVLLM, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayProcess]:
    """A gateway that asks for keys."""
    keys = [{"id": "app", "sha256": sha256(b"client-secret").hexdigest()}]
    folder = tmp_path_factory.mktemp("keyed")
    async with GatewayProcess(folder, routing_to(fake.url), auth="required", keys=keys) as gateway:
        yield gateway


def lines(headers: dict[str, str]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
async def test_only_allowed_headers_reach_upstream(keyed: GatewayProcess, fake: FakeVLLM, stream: bool) -> None:
    """Of all that clients and proxies add, nothing; the client's key opens the gateway and goes no further."""
    heard = await ask(keyed.port, request(stream=stream, headers=lines(PRIVATE)))
    assert heard.status == 200
    (upstream,) = fake.inference
    names = {name.decode().lower() for name, _ in upstream.headers}
    assert names <= ALLOWED
    assert b"client-secret" not in upstream.raw.head
    assert upstream.header("user-agent") != PRIVATE["user-agent"]
    assert upstream.header("host") == f"127.0.0.1:{fake.port}"


async def test_what_tracing_needs_passes(keyed: GatewayProcess, fake: FakeVLLM) -> None:
    trace = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "tracestate": "a=b"}
    await ask(keyed.port, request(headers=lines({"authorization": "Bearer client-secret", **trace})))
    assert {name: fake.inference[0].header(name) for name in trace} == trace


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
async def test_what_upstream_says_of_itself_does_not_reach_the_client(
    gateway: GatewayProcess, fake: FakeVLLM, stream: bool
) -> None:
    fake.script(Behaviour(headers=tuple(PRIVATE_REPLY.items())))
    heard = await ask(gateway.port, request(stream=stream))
    assert heard.status == 200
    assert "upstream-secret" not in str(heard.headers)
    names = [name.lower() for name, _ in heard.headers]
    assert not set(names) & {"set-cookie", "server", "location", "alt-svc", "access-control-allow-origin"}
    assert len(names) == len(set(names))


@pytest.mark.parametrize("value", ["a\r\nb", "é" * 20, "x" * 5000, '"><script>', "a, b", ""])
async def test_a_clients_request_id_cannot_write_headers(gateway: GatewayProcess, fake: FakeVLLM, value: str) -> None:
    """Whatever a client calls its request, the reply's id is the gateway's, and upstream's head stays sound."""
    sent = request(name="named").replace(b"x-request-id: named", b"x-request-id: " + value.encode())
    heard = await ask(gateway.port, sent)
    if heard.status == 200:
        assert heard.header("x-request-id") != value
        assert (fake.inference[0].header("x-request-id") or "").isalnum()


@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": "Bearer wrong"}, {"authorization": "Basic client-secret"}, {"authorization": "Bearer"},
     {"authorization": "client-secret"}, {"authorization": "Bearer client-secre"}, {"x-api-key": "wrong"},
     {"cookie": "authorization=Bearer client-secret"}, {"authorization": "Bearer client-secret, Bearer x"}],
)  # fmt: skip
async def test_without_a_key_that_is_known_nothing_is_asked(
    keyed: GatewayProcess, fake: FakeVLLM, headers: dict[str, str]
) -> None:
    """401 in OpenAI's shape; upstream hears nothing."""
    heard = await ask(keyed.port, request(headers=lines(headers)))
    assert_our_error(heard, 401)
    assert fake.inference == []
    models = b"GET /v1/models HTTP/1.1\r\nhost: a\r\n" + lines(headers).encode() + b"\r\n"
    assert_our_error(await ask(keyed.port, models), 401)


async def test_two_keys_are_no_key(keyed: GatewayProcess, fake: FakeVLLM) -> None:
    """Which of two Authorization headers counts is not for the client to choose."""
    for pair in (("client-secret", "wrong"), ("wrong", "client-secret")):
        both = "".join(f"authorization: Bearer {key}\r\n" for key in pair)
        heard = await ask(keyed.port, request(headers=both))
        assert heard.status in (400, 401)
    assert fake.inference == []


async def test_the_versions_own_key_is_what_upstream_gets(
    fake: FakeVLLM, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server with a key of its own gets that one, from the environment, and never the client's."""
    monkeypatch.setenv("UPSTREAM_KEY", "server-secret")
    async with FakeVLLM("m", api_key="server-secret") as guarded:
        routing = routing_to(guarded.url)
        routing["versions"]["v1"]["api_key_env"] = "UPSTREAM_KEY"
        async with GatewayProcess(tmp_path_factory.mktemp("guarded"), routing) as gateway:
            heard = await ask(gateway.port, request(headers=lines({"authorization": "Bearer client-secret"})))
            assert heard.status == 200
            assert guarded.inference[0].header("authorization") == "Bearer server-secret"
