"""A model server that stands in for all of a routing's: a drill proves the gateway, and must ask no real model."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# What guard models answer where they find nothing, in the words of each format; to anything else it is a text.
SAFE = {"qwen3_guard": "Safety: Safe\nCategories: None", "shield_gemma": "No",
        "wild_guard": "Harmful request: no\nResponse refusal: no\nHarmful response: no"}
_ANSWER = "safe"


class StandIn:
    """``url`` is where it answers, ``asked`` how many completions it was asked for."""

    def __init__(self, answers: dict[str, str]) -> None:
        """``answers``: texts by served model, for those that are guards."""
        self.asked = 0
        self._answers = answers
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator["StandIn"]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer({"status": "alive"})

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
                self._answer(stand_in.completion(asked))

            def _answer(self, told: Any) -> None:
                body = json.dumps(told).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler

    def completion(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The reply to a request, in OpenAI's shape."""
        self.asked += 1
        text = self._answers.get(str(asked.get("model")), _ANSWER)
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}, "text": text}
        return {"id": "drill", "object": "chat.completion", "created": 0, "model": asked.get("model"),
                "choices": [choice], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}
