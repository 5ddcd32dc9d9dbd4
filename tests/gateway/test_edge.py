"""Frames become HTTP: a status that waits for the first frame, a failure that is told, an end that is never false."""

from __future__ import annotations

import json
from typing import Any

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.edge import STATUS_LINES, error_event, refusal_document
from gateway.exchange import Exchange
from gateway.record import Attempt
from gateway.refusal import Draining, InvalidRequest, Overloaded, UpstreamDisconnected
from gateway.reply import Head
from tests.gateway.exchanges import (
    ID,
    HandClock,
    RecordingWire,
    dechunked,
    endpoints_at,
    exchange_of,
    request_of,
    routing,
    snapshot_of,
)

WHOLE = Head(200, [(b"content-type", b"application/json")])
STREAM = Head(200, [(b"content-type", b"text/event-stream; charset=utf-8")])
DONE = b"data: [DONE]\n\n"


def started(operation: str = "chat.completions", *, streamed: bool = True, chunked: bool = True,
            keeps_alive: bool = True) -> tuple[Exchange, RecordingWire]:  # fmt: skip
    wire = RecordingWire(chunked, not keeps_alive)
    request = request_of({"model": "m"}, operation, chunked=chunked, keeps_alive=keeps_alive)
    exchange = exchange_of(request, wire=wire)
    exchange.streamed = streamed
    return exchange, wire


def test_the_head_waits_for_the_first_frame() -> None:
    exchange, wire = started()
    exchange.edge.head(STREAM)
    assert wire.writes == []
    exchange.edge.frame(b"data: 1\n\n")
    assert len(wire.writes) == 1, "head and first frame leave in one write"
    assert wire.sent.endswith(b"\r\n\r\n9\r\ndata: 1\n\n\r\n")


def test_a_stream_is_sent_in_chunks_one_for_each_frame_and_ends_with_its_end() -> None:
    exchange, wire = started()
    exchange.edge.head(STREAM)
    for frame in (b"data: 1\n\n", b"data: 22\n\n"):
        exchange.edge.frame(frame)
    exchange.edge.end(DONE)
    assert wire.headers["transfer-encoding"] == "chunked"
    assert "content-length" not in wire.headers
    assert wire.body == b"data: 1\n\ndata: 22\n\n" + DONE
    assert wire.writes[-1] == b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n", "the last frame and the end leave in one write"
    assert wire.finished_exchanges == [exchange]


@given(st.lists(st.binary(max_size=5000), max_size=8), st.binary(max_size=100))
def test_any_frames_come_out_of_a_parser_as_they_went_in(frames: list[bytes], last: bytes) -> None:
    exchange, wire = started()
    exchange.edge.head(STREAM)
    for frame in frames:
        exchange.edge.frame(frame)
    exchange.edge.end(last)
    received: list[bytes] = []

    class Reader:
        complete = False

        def on_body(self, body: bytes) -> None:
            received.append(body)

        def on_message_complete(self) -> None:
            self.complete = True

    reader = Reader()
    httptools.HttpResponseParser(reader).feed_data(wire.sent)
    assert (b"".join(received), reader.complete) == (b"".join([*frames, last]), True)


def test_a_stream_of_its_end_alone_is_a_stream_all_the_same() -> None:
    exchange, wire = started()
    exchange.edge.head(STREAM)
    exchange.edge.end(DONE)
    assert (wire.headers["transfer-encoding"], wire.body) == ("chunked", DONE)


def test_an_end_without_bytes_ends_the_stream_once() -> None:
    exchange, wire = started()
    exchange.edge.head(STREAM)
    exchange.edge.frame(b"data: 1\n\n")
    exchange.edge.end(b"")
    assert wire.body == b"data: 1\n\n"
    assert wire.sent.count(b"0\r\n\r\n") == 1


def test_a_reply_that_came_whole_has_its_length() -> None:
    exchange, wire = started(streamed=False)
    exchange.edge.head(WHOLE)
    exchange.edge.end(b'{"a":"\xc3\xa9"}')
    assert len(wire.writes) == 1
    assert (wire.headers["content-length"], wire.body) == ("10", b'{"a":"\xc3\xa9"}')
    assert "transfer-encoding" not in wire.headers


def test_a_server_that_answers_a_streaming_request_whole_is_passed_on_whole() -> None:
    """vLLM refuses a streaming request with plain JSON and a status."""
    exchange, wire = started()
    exchange.edge.head(Head(404, [(b"content-type", b"application/json")]))
    exchange.edge.end(b"{}")
    assert (wire.status, wire.headers["content-length"]) == (404, "2")


def test_a_frame_without_bytes_neither_begins_nor_ends_a_reply() -> None:
    exchange, wire = started()
    exchange.edge.head(STREAM)
    exchange.edge.frame(b"")
    assert wire.writes == []
    exchange.edge.frame(b"data: 1\n\n")
    exchange.edge.frame(b"")
    exchange.edge.end(DONE)
    assert wire.body == b"data: 1\n\n" + DONE


# HTTP/1.0 and connections that close


def test_a_client_of_http_1_0_gets_the_stream_bare_and_its_end_is_the_connections() -> None:
    exchange, wire = started(chunked=False, keeps_alive=False)
    exchange.edge.head(STREAM)
    exchange.edge.frame(b"data: 1\n\n")
    exchange.edge.end(DONE)
    assert wire.body == b"data: 1\n\n" + DONE
    assert wire.headers.keys().isdisjoint({"transfer-encoding", "content-length"})
    assert (wire.headers["connection"], wire.closing) == ("close", True)


def test_a_client_of_http_1_0_gets_a_whole_reply_with_its_length() -> None:
    exchange, wire = started(chunked=False, keeps_alive=False, streamed=False)
    exchange.edge.head(WHOLE)
    exchange.edge.end(b"{}")
    assert (wire.headers["content-length"], wire.headers["connection"]) == ("2", "close")


def test_a_client_of_http_1_0_is_told_of_a_failure_in_its_stream() -> None:
    exchange, wire = started(chunked=False, keeps_alive=False)
    exchange.edge.head(STREAM)
    exchange.edge.frame(b"data: 1\n\n")
    exchange.edge.fail(UpstreamDisconnected("Gone."))
    assert json.loads(wire.body.splitlines()[2][6:])["error"]["code"] == "upstream_disconnected"


@pytest.mark.parametrize("keeps_alive", [True, False])
def test_a_connection_that_closes_is_announced(keeps_alive: bool) -> None:
    exchange, wire = started(keeps_alive=keeps_alive, streamed=False)
    exchange.edge.head(WHOLE)
    exchange.edge.end(b"{}")
    assert wire.headers.get("connection") == (None if keeps_alive else "close")


# Failures


def test_a_failure_before_the_first_frame_has_a_status_of_its_own() -> None:
    """Even where the head was there: nothing had been sent."""
    exchange, wire = started()
    exchange.edge.head(STREAM)
    exchange.edge.fail(Overloaded("Full."))
    assert (wire.status, wire.headers["content-type"], wire.headers["retry-after"]) == (503, "application/json", "1")
    assert wire.error == {"message": "Full. Try again in a moment.", "type": "overloaded_error", "param": None,
                          "code": "overloaded"}  # fmt: skip
    assert wire.finished_exchanges == [exchange]


def test_a_failure_in_mid_stream_is_an_error_event_and_never_a_done() -> None:
    exchange, wire = started()
    exchange.edge.head(STREAM)
    exchange.edge.frame(b"data: 1\n\n")
    exchange.edge.fail(UpstreamDisconnected("Gone."))
    assert DONE not in wire.body
    event = wire.body.removeprefix(b"data: 1\n\n")
    assert event.endswith(b"}\n\n")
    assert json.loads(event[6:])["error"]["code"] == "upstream_disconnected"
    assert dechunked(wire.sent.partition(b"\r\n\r\n")[2]) == wire.body, "the chunks end in order"
    assert wire.closing, "the client's next request is better off on a fresh connection"


def test_upstreams_own_error_event_goes_on_as_it_came() -> None:
    exchange, wire = started()
    exchange.edge.head(STREAM)
    exchange.edge.frame(b"data: 1\n\n")
    refusal = UpstreamDisconnected("Gone.")
    refusal.event = b'data: {"error": {"message": "EngineCore died."}}\n\n'
    exchange.edge.fail(refusal)
    assert wire.body == b"data: 1\n\n" + refusal.event


@pytest.mark.parametrize("refusal", [Draining("Going."), Overloaded("Full.")])
def test_a_refusal_that_ends_the_connection_says_so(refusal: Any) -> None:
    exchange, wire = started()
    exchange.edge.fail(refusal)
    assert (wire.headers.get("connection") == "close", wire.closing) == (refusal.closes, refusal.closes)


def test_each_api_gets_its_errors_in_the_form_that_its_clients_look_for() -> None:
    refusal = InvalidRequest("No.", code="missing_model", param="model")
    error = {"message": "No.", "type": "invalid_request_error", "param": "model", "code": "missing_model"}
    assert refusal_document(refusal, "chat") == {"error": error}
    assert refusal_document(refusal, "responses") == {"error": error}
    assert refusal_document(refusal, "messages") == {"type": "error", "error": error}


def test_each_api_gets_its_error_events_in_the_form_that_its_clients_look_for() -> None:
    refusal = InvalidRequest("No.", code="missing_model", param="model")
    error = {"message": "No.", "type": "invalid_request_error", "param": "model", "code": "missing_model"}
    assert parsed(error_event(refusal, "chat")) == ("", {"error": error})
    assert parsed(error_event(refusal, "messages")) == ("error", {"type": "error", "error": error})
    name, event = parsed(error_event(refusal, "responses"))
    assert (name, event["type"], event["code"], event["message"]) == ("error", "error", "missing_model", "No.")


def parsed(event: bytes) -> tuple[str, Any]:
    """The event's name and its document."""
    lines = event.decode().removesuffix("\n\n").split("\n")
    fields = dict(line.split(": ", 1) for line in lines)
    return fields.get("event", ""), json.loads(fields["data"])


def test_a_message_with_line_breaks_stays_within_its_event() -> None:
    event = error_event(InvalidRequest("one\n\ndata: [DONE]\r\n\r\ntwo"), "chat")
    assert event.count(b"\n\n") == 1
    assert parsed(event)[1]["error"]["message"] == "one\n\ndata: [DONE]\r\n\r\ntwo"


# What every reply's head says


async def test_every_reply_says_who_it_is_and_what_was_done_for_it() -> None:
    clock = HandClock()
    snapshot = snapshot_of(routing(), endpoints_at(clock))
    wire = RecordingWire()
    exchange = exchange_of(request_of({}), snapshot, wire=wire)
    exchange.route, exchange.record.arm_served = snapshot.routes["m"], "v1"
    exchange.record.attempts = [Attempt(version="v1", endpoint="e", result="answered", seconds=0.1)] * 2
    exchange.edge.head(WHOLE)
    exchange.edge.end(b"{}")
    assert wire.headers | {"date": ""} == {
        "date": "", "content-type": "application/json", "content-length": "2", "x-request-id": ID,
        "x-gatewright-version": "m@v1", "x-gatewright-revision": "7", "x-gatewright-cache": "bypass",
        "x-gatewright-attempts": "2",
    }  # fmt: skip


def test_a_refusal_before_a_version_was_chosen_names_none() -> None:
    exchange, wire = started()
    exchange.edge.fail(InvalidRequest("No."))
    assert "x-gatewright-version" not in wire.headers
    assert (wire.headers["x-gatewright-revision"], wire.headers["x-request-id"]) == ("7", ID)
    assert wire.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("status", [*STATUS_LINES, 418, 499, 507])
def test_every_status_makes_a_status_line(status: int) -> None:
    exchange, wire = started(streamed=False)
    exchange.edge.head(Head(status, []))
    exchange.edge.end(b"{}")
    seen: list[int] = []

    class Reader:
        def on_headers_complete(self) -> None:
            seen.append(parser.get_status_code())

    parser = httptools.HttpResponseParser(Reader())
    parser.feed_data(wire.sent)
    assert seen == [status]
