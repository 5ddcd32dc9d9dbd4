"""Upstream gets the client's document under the served name, and of the client's head what is its business alone."""

from __future__ import annotations

import json
from typing import Any

import httptools
import pytest

from gateway.endpoint_mark import endpoint_marked
from gateway.exchange import Exchange
from gateway.upstream_request import asked_usage, upstream_request
from tests.gateway.exchanges import ID, HandClock, endpoints_at, exchange_of, request_of, routing, snapshot_of

KEYED: dict[str, Any] = {"api_key_env": "UPSTREAM_KEY"}


class Sent:
    """What goes out, as a server reads it."""

    def __init__(self, raw: bytes) -> None:
        self.raw, self.url, self.complete = raw, b"", False
        self.pairs: list[tuple[str, str]] = []
        self.body = b""
        self.parser = httptools.HttpRequestParser(self)
        self.parser.feed_data(raw)
        assert self.complete

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.pairs.append((name.decode(), value.decode("latin-1")))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.complete = True

    @property
    def headers(self) -> dict[str, str]:
        assert len(dict(self.pairs)) == len(self.pairs), "no header stands twice"
        return dict(self.pairs)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def sent(body: Any, operation: str = "chat.completions", *, headers: dict[str, str] | None = None,
         streamed: bool = False, secret: str = "", **version: Any) -> Sent:  # fmt: skip
    document = routing("http://127.0.0.1:9101")
    document["versions"]["v1"].update(version)
    snapshot = snapshot_of(document, endpoints_at(HandClock()), secrets={"UPSTREAM_KEY": secret})
    exchange: Exchange = exchange_of(request_of(body, operation, headers=headers), snapshot)
    exchange.route, exchange.streamed = snapshot.routes["m"], streamed
    exchange.document = body if isinstance(body, dict) else {}
    target = exchange.route.targets["v1"]
    return Sent(upstream_request(exchange, target, target.endpoints[0]))


async def test_the_document_goes_on_under_the_served_name_and_else_as_it_came() -> None:
    body = {"messages": [{"role": "user", "content": "é"}], "model": "m", "unknown": {"x": [1, 2.5, None]}}
    found = sent(body)
    assert found.json == {**body, "model": "served"}
    assert list(found.json) == list(body), "in the client's order"
    assert found.url == b"/v1/chat/completions"


async def test_the_head_is_the_gateways_own() -> None:
    assert sent({"model": "m"}).headers == {
        "host": "127.0.0.1:9101", "accept": "*/*", "content-type": "application/json", "x-request-id": ID,
        "content-length": str(len(b'{"model":"served"}')),
    }  # fmt: skip


async def test_of_the_clients_head_only_traces_and_anthropics_versions_go_on() -> None:
    allowed = {"traceparent": "00-1", "tracestate": "a=b", "anthropic-version": "2023-06-01", "anthropic-beta": "x"}
    others = {"authorization": "Bearer sk-client", "x-api-key": "sk-client", "cookie": "a=b", "x-request-id": "mine",
              "x-forwarded-for": "10.0.0.1", "host": "evil", "user-agent": "u", "accept": "text/html",
              "expect": "100-continue", "accept-encoding": "gzip",
              "x-fake": "{}", "proxy-authorization": "x", "content-encoding": "identity",
              "transfer-encoding": "chunked", "te": "trailers", "openai-organization": "o"}  # fmt: skip
    found = sent({"model": "m"}, headers={**others, **allowed})
    assert {name: value for name, value in found.headers.items() if name in allowed} == allowed
    assert "sk-client" not in found.raw.decode()
    assert [found.headers[name] for name in ("x-request-id", "host", "accept")] == [ID, "127.0.0.1:9101", "*/*"]
    assert found.headers.keys() - allowed.keys() == {"host", "accept", "content-type", "x-request-id", "content-length"}


async def test_upstreams_own_key_is_sent_where_the_version_has_one() -> None:
    assert sent({"model": "m"}, secret="sk-up", **KEYED).headers["authorization"] == "Bearer sk-up"
    assert "authorization" not in sent({"model": "m"}, secret="", **KEYED).headers


async def test_a_key_with_the_line_end_of_its_file_is_sent_without() -> None:
    """Secrets come from files, and files end with a line feed; one in a header would end the header."""
    found = sent({"model": "m"}, secret=" sk-up\r\n", **KEYED)
    assert found.headers["authorization"] == "Bearer sk-up"


async def test_defaults_fill_what_the_request_leaves_out_and_nothing_else() -> None:
    defaults = {"temperature": 0.2, "top_p": 0.9, "chat_template_kwargs": {"x": 1}}
    found = sent({"model": "m", "temperature": 1, "top_p": None}, defaults=defaults)
    assert found.json == {"model": "served", "temperature": 1, "top_p": None, "chat_template_kwargs": {"x": 1}}


async def test_defaults_are_not_changed_by_a_request() -> None:
    document = routing()
    document["versions"]["v1"]["defaults"] = {"stop": ["a"]}
    snapshot = snapshot_of(document, endpoints_at(HandClock()))
    target = snapshot.routes["m"].targets["v1"]
    for _ in range(2):
        exchange = exchange_of(request_of({"model": "m"}), snapshot)
        exchange.document = {"model": "m"}
        upstream_request(exchange, target, target.endpoints[0])
        assert exchange.document == {"model": "m"}
    assert target.version.defaults == {"stop": ["a"]}


# Usage


@pytest.mark.parametrize("operation", ["chat.completions", "completions"])
@pytest.mark.parametrize("asked", [{}, {"stream_options": None}, {"stream_options": {}},
                                   {"stream_options": {"include_usage": False}}])  # fmt: skip
async def test_every_stream_is_asked_for_usage_on_every_chunk(operation: str, asked: dict[str, Any]) -> None:
    found = sent({"model": "m", "stream": True, **asked}, operation, streamed=True)
    assert found.json["stream_options"] == {"include_usage": True, "continuous_usage_stats": True}


async def test_options_that_the_gateway_does_not_know_go_on() -> None:
    found = sent({"model": "m", "stream": True, "stream_options": {"chunk_size": 5}}, streamed=True)
    assert found.json["stream_options"] == {"chunk_size": 5, "include_usage": True, "continuous_usage_stats": True}


@pytest.mark.parametrize(("operation", "streamed"), [
    ("chat.completions", False), ("responses", True), ("messages", True), ("embeddings", False),
])  # fmt: skip
async def test_where_usage_needs_no_asking_nothing_is_asked(operation: str, streamed: bool) -> None:
    assert "stream_options" not in sent({"model": "m", "stream": streamed}, operation, streamed=streamed).json


@pytest.mark.parametrize("options", ["all", 5, [True], False])
async def test_options_of_another_kind_are_the_model_servers_to_refuse(options: Any) -> None:
    found = sent({"model": "m", "stream": True, "stream_options": options}, streamed=True)
    assert found.json["stream_options"] == options


@pytest.mark.parametrize(("document", "asked"), [
    ({}, (False, False)), ({"stream_options": None}, (False, False)), ({"stream_options": "x"}, (False, False)),
    ({"stream_options": {"continuous_usage_stats": True}}, (False, False)),
    ({"stream_options": {"include_usage": False, "continuous_usage_stats": True}}, (False, False)),
    ({"stream_options": {"include_usage": True}}, (True, False)),
    ({"stream_options": {"include_usage": True, "continuous_usage_stats": True}}, (True, True)),
])  # fmt: skip
def test_what_the_client_itself_asked_for_is_as_vllm_takes_it(document: Any, asked: tuple[bool, bool]) -> None:
    """Checked against the recordings: without include_usage, the other option means nothing."""
    assert asked_usage(document) == asked


# State, and forms


async def test_a_response_gets_an_id_that_tells_its_server() -> None:
    found = sent({"model": "m", "input": "x"}, "responses")
    assert endpoint_marked(found.json["request_id"])
    assert found.json["request_id"].endswith(ID)
    assert sent({"model": "m", "input": "x", "request_id": "mine"}, "responses").json["request_id"] == "mine"
    assert "request_id" not in sent({"model": "m"}).json


async def test_a_form_goes_on_with_another_model_and_its_own_media_type() -> None:
    body = b'--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nm\r\n--b--\r\n'
    found = sent(body, "audio.transcriptions", headers={"content-type": "multipart/form-data; boundary=b"})
    assert found.body == body.replace(b"\r\nm\r\n", b"\r\nserved\r\n")
    assert found.headers["content-type"] == "multipart/form-data; boundary=b"
    assert found.headers["content-length"] == str(len(found.body))
