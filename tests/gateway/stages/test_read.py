"""What the gateway itself must know is read strictly; the rest is the model server's to judge."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.exchange import Exchange
from gateway.refusal import CallerRefusal
from gateway.snapshot import Snapshot
from gateway.stages.read import Read
from tests.gateway.exchanges import KEYS, HandClock, endpoints_at, exchange_of, request_of, routing, snapshot_of


@pytest.fixture
async def snapshot() -> Snapshot:
    return snapshot_of(routing(), endpoints_at(HandClock()))


def read(snapshot: Snapshot, body: Any, operation: str = "chat.completions", **headers: str) -> Exchange:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    exchange = exchange_of(request_of(body, operation, headers=named), snapshot)
    Read(10, KEYS).enter(exchange)
    return exchange


def refusal(snapshot: Snapshot, body: Any, operation: str = "chat.completions", **headers: str) -> CallerRefusal:
    with pytest.raises(CallerRefusal) as caught:
        read(snapshot, body, operation, **headers)
    return caught.value


def test_the_document_its_model_and_its_stream_are_learned(snapshot: Snapshot) -> None:
    exchange = read(snapshot, {"model": "m", "stream": True, "unknown": [1]}, x_request_id="mine")
    assert exchange.document == {"model": "m", "stream": True, "unknown": [1]}
    assert (exchange.model_asked, exchange.streamed, exchange.record.streamed) == ("m", True, True)
    assert (exchange.record.model, exchange.record.client_request_id) == ("m", "mine")
    assert exchange.route is snapshot.routes["m"]


def test_a_pinned_version_is_asked_for_by_name_and_counted_under_its_model(snapshot: Snapshot) -> None:
    exchange = read(snapshot, {"model": "m@v1"})
    assert (exchange.model_asked, exchange.record.model, exchange.route.pinned) == ("m@v1", "m", "v1")


@pytest.mark.parametrize(("stream", "streamed"), [(None, False), (False, False), (True, True)])
def test_stream_is_true_or_false_or_left_out(snapshot: Snapshot, stream: Any, streamed: bool) -> None:
    assert read(snapshot, {"model": "m", "stream": stream}).streamed is streamed
    assert not read(snapshot, {"model": "m"}).streamed


@pytest.mark.parametrize("stream", ["true", 1, 0, "", [], {}, 1.0])
def test_what_a_model_server_might_take_for_a_stream_is_refused(snapshot: Snapshot, stream: Any) -> None:
    found = refusal(snapshot, {"model": "m", "stream": stream})
    assert (found.status, found.code, found.param) == (400, "invalid_type", "stream")


@pytest.mark.parametrize(("document", "status", "code"), [
    ({}, 400, "missing_model"), ({"model": None}, 400, "missing_model"), ({"model": ""}, 400, "missing_model"),
    ({"model": 5}, 400, "invalid_type"), ({"model": ["m"]}, 400, "invalid_type"), ({"model": {}}, 400, "invalid_type"),
    ({"model": "M"}, 404, "model_not_found"), ({"model": "served"}, 404, "model_not_found"),
    ({"model": "v1"}, 404, "model_not_found"), ({"model": "m@v2"}, 404, "model_not_found"),
    ({"model": "m@"}, 404, "model_not_found"), ({"model": "m@v1@v1"}, 404, "model_not_found"),
])  # fmt: skip
def test_a_model_that_is_none_of_this_revision_is_refused(
    snapshot: Snapshot, document: Any, status: int, code: str
) -> None:
    found = refusal(snapshot, document)
    assert (found.status, found.code, found.param) == (status, code, "model")


async def test_the_nearest_name_is_offered_and_a_long_one_is_not_repeated() -> None:
    document = routing()
    document["models"]["assistant"] = document["models"]["m"]
    snapshot = snapshot_of(document, endpoints_at(HandClock()))
    assert "Did you mean 'assistant'?" in refusal(snapshot, {"model": "assitant"}).message
    assert "Did you mean 'assistant@v1'?" in refusal(snapshot, {"model": "assistant@v2"}).message
    assert len(refusal(snapshot, {"model": "x" * 10_000}).message) < 400


@pytest.mark.parametrize(("body", "code"), [
    (b"", "invalid_json"), (b"[]", "invalid_json"), (b"{]", "invalid_json"), (b'{"model":NaN}', "invalid_json"),
    (b'{"model":"m","model":"x"}', "duplicate_key"),
    (b'{"model":"m","a":' + b"[" * 20 + b"]" * 20 + b"}", "json_too_deep"),
])  # fmt: skip
def test_a_body_that_can_be_read_in_no_way_or_two_is_refused(snapshot: Snapshot, body: bytes, code: str) -> None:
    found = refusal(snapshot, body)
    assert (found.status, found.code) == (400, code)


@pytest.mark.parametrize("media_type", ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON ;x=y"])
def test_json_is_told_by_its_media_type(snapshot: Snapshot, media_type: str) -> None:
    assert read(snapshot, {"model": "m"}, content_type=media_type).model_asked == "m"


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/jsonp", "application/json-patch+json",
                                        "text/json", "multipart/form-data; boundary=x"])  # fmt: skip
def test_another_media_type_is_refused(snapshot: Snapshot, media_type: str) -> None:
    """A page in a browser can send text/plain anywhere without asking; JSON it cannot."""
    assert refusal(snapshot, {"model": "m"}, content_type=media_type).code == "unsupported_media_type"


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "gzip, identity", "x"])
def test_a_compressed_body_is_refused(snapshot: Snapshot, coding: str) -> None:
    found = refusal(snapshot, {"model": "m"}, content_encoding=coding)
    assert (found.status, found.code) == (415, "unsupported_content_encoding")


@pytest.mark.parametrize("coding", ["identity", "Identity"])
def test_no_coding_may_be_named(snapshot: Snapshot, coding: str) -> None:
    assert read(snapshot, {"model": "m"}, content_encoding=coding).model_asked == "m"


def test_the_clients_own_id_is_kept_and_kept_short(snapshot: Snapshot) -> None:
    exchange = read(snapshot, {"model": "m"}, x_request_id="i" * 1000)
    assert exchange.record.client_request_id == "i" * 128
    assert exchange.id != "i" * 128, "an id that the client chose could be another's"


def form(stream: str = "") -> bytes:
    fields = {"model": "m", **({"stream": stream} if stream else {})}
    parts = "".join(f'--b\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                    for name, value in fields.items())  # fmt: skip
    return f"{parts}--b--\r\n".encode()


@pytest.mark.parametrize(("stream", "streamed"), [("", False), ("true", True), ("True", True), ("false", False)])
def test_a_form_is_read_like_a_document(snapshot: Snapshot, stream: str, streamed: bool) -> None:
    exchange = read(snapshot, form(stream), "audio.transcriptions", content_type="multipart/form-data; boundary=b")
    assert (exchange.model_asked, exchange.streamed) == ("m", streamed)


@pytest.mark.parametrize("stream", ["1", "yes", "on", "t", "0", "maybe"])
def test_a_form_too_says_true_or_false(snapshot: Snapshot, stream: str) -> None:
    found = refusal(snapshot, form(stream), "audio.transcriptions", content_type="multipart/form-data; boundary=b")
    assert (found.code, found.param) == ("invalid_type", "stream")
