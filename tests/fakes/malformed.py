"""Replies that no server should send. A gateway answers 502, or ends the stream with an error event."""

from __future__ import annotations

from tests.fakes.behaviour import Behaviour

OK = b"HTTP/1.1 200 OK\r\n"
JSON = b"content-type: application/json\r\n"
SSE = b"content-type: text/event-stream\r\n"
GOOD = b'{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[]}'
SMUGGLED = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n"smuggled!!"'

# The head, or the framing of the body, cannot be trusted: nothing of it may reach the client.
BROKEN_HTTP: dict[str, Behaviour] = {
    "not HTTP": Behaviour(raw=b"SSH-2.0-OpenSSH_9.2\r\n"),
    "an empty reply": Behaviour(raw=b""),
    "status line without a number": Behaviour(raw=b"HTTP/1.1 OK\r\n" + JSON + b"content-length: 2\r\n\r\n{}"),
    "TE and CL": Behaviour(
        raw=OK + JSON + b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + SMUGGLED
    ),
    "two lengths": Behaviour(raw=OK + JSON + b"content-length: 2\r\ncontent-length: 4\r\n\r\n{}{}"),
    "negative length": Behaviour(raw=OK + JSON + b"content-length: -2\r\n\r\n{}"),
    "length with a plus": Behaviour(raw=OK + JSON + b"content-length: +2\r\n\r\n{}"),
    "bad chunk size": Behaviour(raw=OK + JSON + b"transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
    "chunk longer than it said": Behaviour(raw=OK + JSON + b"transfer-encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n"),
    "NUL in a header": Behaviour(raw=OK + JSON + b"x-a: a\x00b\r\ncontent-length: 2\r\n\r\n{}"),
    "folded header": Behaviour(raw=OK + b"x-a: a\r\n b\r\n" + JSON + b"content-length: 2\r\n\r\n{}"),
    "1 MB header": Behaviour(raw=OK + b"x-a: " + b"a" * (1 << 20) + b"\r\n" + JSON + b"content-length: 2\r\n\r\n{}"),
    "unknown transfer coding": Behaviour(raw=OK + JSON + b"transfer-encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
    "protocol switched": Behaviour(raw=b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n"),
    "length longer than the body": Behaviour(content_length=100_000, body=GOOD),
}

# The HTTP is sound, and it is not an answer of a model.
BROKEN_ANSWERS: dict[str, Behaviour] = {
    "HTML with 200": Behaviour(content_type="text/html", body=b"<html><body>It works!</body></html>"),
    "half a JSON text": Behaviour(body=b'{"id": "x", "choices": ['),
    "a JSON array": Behaviour(body=b"[]"),
    "empty body": Behaviour(body=b""),
    "bad UTF-8": Behaviour(body=b'{"id": "\xff\xfe"}'),
    "redirect": Behaviour(status=302, headers=(("location", "http://169.254.169.254/"),), body=b""),
    "permanent redirect": Behaviour(status=308, headers=(("location", "http://169.254.169.254/"),), body=b""),
    "204": Behaviour(raw=b"HTTP/1.1 204 No Content\r\n\r\n"),
    "401 of its own": Behaviour(status=401, body=b'{"error":"Unauthorized"}'),
}

# Sound HTTP and a sound beginning; then events that are none. The client sees an error event, no [DONE].
BROKEN_STREAMS: dict[str, Behaviour] = {
    "no [DONE]": Behaviour(done=False, tokens=3),
    "event that is no JSON": Behaviour(raw=OK + SSE + b"connection: close\r\n\r\ndata: {not json}\n\ndata: [DONE]\n\n"),
    "event cut short": Behaviour(
        raw=OK + SSE + b'connection: close\r\n\r\ndata: {"choices":[{"ind\n\ndata: [DONE]\n\n'
    ),
    "JSON instead of a stream": Behaviour(body=GOOD),
    "HTML instead of a stream": Behaviour(content_type="text/html", body=b"<html></html>"),
    "empty stream": Behaviour(raw=OK + SSE + b"content-length: 0\r\n\r\n"),
    "only [DONE]": Behaviour(raw=OK + SSE + b"content-length: 14\r\n\r\ndata: [DONE]\n\n"),
    "one line of 64 MB": Behaviour(raw=OK + SSE + b"connection: close\r\n\r\ndata: " + b"x" * (64 << 20)),
    "bad UTF-8": Behaviour(raw=OK + SSE + b'connection: close\r\n\r\ndata: {"choices":"\xff"}\n\ndata: [DONE]\n\n'),
}

# A second reply that nobody asked for, behind a good one: it must never answer another client's request.
UNASKED = Behaviour(raw=OK + JSON + b"content-length: %d\r\n\r\n" % len(GOOD) + GOOD + SMUGGLED)
