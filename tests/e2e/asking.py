"""Asking the gateway over a connection that the test holds in its own hands."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from tests.raw_client import RawClient


def request(model: str = "m", *, stream: bool = False, path: str = "/v1/chat/completions", headers: str = "",
            name: str = "", **fields: Any) -> bytes:  # fmt: skip
    """A chat request. `name` goes into the prompt as its nonce and into `x-request-id`, which the ledger keeps."""
    name = name or uuid.uuid4().hex[:12]
    content = {"model": model, "messages": [{"role": "user", "content": f"nonce:{name}"}], "stream": stream}
    body = json.dumps(content | fields).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: gateway.test\r\ncontent-type: application/json\r\n"
    head += f"x-request-id: {name}\r\ncontent-length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


@dataclass
class Heard:
    """One reply, whole or streamed, as the client has it. `status` 0: no reply at all."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    complete: bool = False

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)

    @property
    def events(self) -> list[Any]:
        """The JSON of each event; `[DONE]` is the text `[DONE]`."""
        blocks = self.body.replace(b"\r\n", b"\n").split(b"\n\n")
        data = [b"\n".join(line[5:] for line in block.split(b"\n") if line[:5] == b"data:").strip() for block in blocks]
        return ["[DONE]" if payload == b"[DONE]" else json.loads(payload) for payload in data if payload]

    @property
    def text(self) -> str:
        if self.body.startswith(b"{"):
            return str(json.loads(self.body)["choices"][0]["message"]["content"])
        chunks = [event for event in self.events if isinstance(event, dict) and event.get("choices")]
        return "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)

    @property
    def error(self) -> dict[str, Any] | None:
        """The error object, of a whole reply or of a stream's last event."""
        last = json.loads(self.body) if self.body.startswith(b"{") else (self.events or [None])[-1]
        error: dict[str, Any] | None = last.get("error") if isinstance(last, dict) else None
        return error

    @property
    def done(self) -> bool:
        return not self.body.startswith(b"{") and self.events[-1:] == ["[DONE]"]


async def ask(port: int, sent: bytes, seconds: float = 10.0) -> Heard:
    """Send one request on a connection of its own, and hear the whole reply."""
    async with RawClient(port) as client:
        await client.send(sent)
        answers = await client.read_answers(1, seconds)
    if not answers:
        return Heard(0)
    first = answers[0]
    return Heard(first.status, first.headers, bytes(first.body), first.complete)


def assert_our_error(heard: Heard, *statuses: int) -> None:
    """A refusal before the first byte: a status of its own, OpenAI's shape, a code that is text."""
    assert heard.status in statuses
    error = heard.error
    assert error is not None
    assert error.keys() >= {"message", "type", "param", "code"}
    assert isinstance(error["code"], str)


def assert_broken_stream(heard: Heard) -> None:
    """A failure after the first byte: an error event ends the stream, in order and without `[DONE]`."""
    assert heard.status == 200
    assert heard.error is not None
    assert heard.error["message"]
    assert not heard.done
    assert heard.complete
