"""Plain HTTP/1.1 for the tests: what was answered, as bytes, with nothing helpful in between."""

import http.client
import json
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True)
class Answer:
    """A whole answer: its status, its headers by lower-case name, its body without the transfer's framing."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_stream(self) -> bool:
        return self.headers.get("content-type", "").startswith("text/event-stream")

    @property
    def events(self) -> list[bytes]:
        return [event + b"\n\n" for event in self.body.split(b"\n\n") if event]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@contextmanager
def opened(url: str, method: str, path: str, body: object = None,
           headers: Mapping[str, str] | None = None) -> Iterator[http.client.HTTPResponse]:
    """Sends one request and gives the response unread; leaving closes the connection, read or not."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=TIMEOUT_SECONDS)
    sent = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    try:
        connection.request(method, path, sent, {"Content-Type": "application/json", **(headers or {})})
        response = connection.getresponse()
        try:
            yield response
        finally:
            response.close()
    finally:
        connection.close()


def ask(url: str, path: str, body: object = None, *, method: str = "POST",
        headers: Mapping[str, str] | None = None) -> Answer:
    with opened(url, method, path, body, headers) as response:
        read = response.read()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, read)


def metric(url: str, name: str, **labels: str) -> float:
    """Returns the sum of a Prometheus series over all its samples that have `labels`."""
    text = ask(url, "/metrics", method="GET").body.decode()
    samples = re.findall(rf"^{re.escape(name)}(?:\{{(.*)\}})? (\S+)", text, re.MULTILINE)
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    return sum(float(value) for found, value in samples if all(pair in found for pair in wanted))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
