"""vLLM's routes and rules, without the wire: a request in, the reply that vLLM 0.32 would give."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tests.fakes import bodies, conversations
from tests.fakes.behaviour import Behaviour
from tests.fakes.bodies import Answer, Frame, Json, encode, error
from tests.fakes.bytes_plan import EVENTS, Reply
from tests.fakes.request_reader import RawRequest

Whole = Callable[[Answer], Json]
Stream = Callable[[Answer], Iterator[Frame]]

INFERENCE: dict[str, tuple[Whole, Stream | None]] = {
    "/v1/chat/completions": (bodies.chat, bodies.chat_frames),
    "/v1/completions": (bodies.completion, bodies.completion_frames),
    "/v1/responses": (conversations.response, conversations.response_frames),
    "/v1/messages": (conversations.message, conversations.message_frames),
    "/v1/messages/count_tokens": (conversations.count_tokens, None),
    "/v1/embeddings": (bodies.embeddings, None),
    "/rerank": (bodies.rerank, None),
    "/v1/rerank": (bodies.rerank, None),
    "/v2/rerank": (bodies.rerank, None),
    "/score": (bodies.score, None),
    "/v1/score": (bodies.score, None),
    "/tokenize": (bodies.tokenize, None),
    "/detokenize": (bodies.detokenize, None),
}
AUDIO = ("/v1/audio/transcriptions", "/v1/audio/translations")
CONTROL = (
    "/sleep", "/wake_up", "/is_sleeping", "/pause", "/resume", "/is_paused", "/reset_prefix_cache", "/collective_rpc",
    "/server_info", "/abort_requests", "/update_weights", "/start_profile", "/stop_profile", "/invocations", "/ping",
    "/scale_elastic_ep", "/v1/load_lora_adapter", "/v1/unload_lora_adapter", "/inference/v1/generate",
    "/inference/v1/abort_requests", "/kv_event_sources", "/openapi.json", "/docs", "/load", "/version",
    "/tokenizer_info",
)  # fmt: skip
REQUIRED = {"/v1/chat/completions": "messages", "/v1/responses": "input", "/v1/messages": "messages"}
METRICS = """\
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{{engine="0",model_name="{model}"}} {running}
# HELP vllm:num_requests_waiting Number of requests waiting to be processed.
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{{engine="0",model_name="{model}"}} 0.0
# HELP vllm:kv_cache_usage_perc KV-cache usage. 1 means 100 percent usage.
# TYPE vllm:kv_cache_usage_perc gauge
vllm:kv_cache_usage_perc{{engine="0",model_name="{model}"}} 0.0
# HELP vllm:prompt_tokens_total Number of prefill tokens processed.
# TYPE vllm:prompt_tokens_total counter
vllm:prompt_tokens_total{{engine="0",model_name="{model}"}} {prompt}
# HELP vllm:generation_tokens_total Number of generation tokens processed.
# TYPE vllm:generation_tokens_total counter
vllm:generation_tokens_total{{engine="0",model_name="{model}"}} {generated}
# HELP vllm:request_success_total Count of successfully processed requests.
# TYPE vllm:request_success_total counter
vllm:request_success_total{{engine="0",finished_reason="stop",model_name="{model}"}} {answered}
"""


class VLLM:
    """The state that a vLLM server has between requests: adapters, stored responses, counters, health."""

    def __init__(self, served: Sequence[str], api_key: str | None = None) -> None:
        self.served = list(served)
        self.adapters: dict[str, str] = {}
        self.healthy = True
        self.stored: dict[str, Json] = {}
        self._key = api_key
        self._created = int(time.time())
        self._counts = {"running": 0.0, "prompt": 0.0, "generated": 0.0, "answered": 0.0}

    def is_inference(self, path: str) -> bool:
        return path in INFERENCE or path in AUDIO

    def is_control(self, path: str) -> bool:
        return path in CONTROL

    @contextmanager
    def running(self, path: str) -> Iterator[None]:
        """Count a request while it runs; probes and scrapes are not counted."""
        weight = int(self.is_inference(path))
        self._counts["running"] += weight
        try:
            yield
        finally:
            self._counts["running"] -= weight

    def answered(self, path: str) -> None:
        self._counts["answered"] += int(self.is_inference(path))

    def generated(self, tokens: int) -> None:
        self._counts["generated"] += tokens

    def reply(self, request: RawRequest, behaviour: Behaviour) -> Reply:
        path = request.target.partition("?")[0]
        if path.startswith(("/v1", "/v2", "/inference")) and not self._may(request):
            return _json({"error": "Unauthorized"}, 401)
        known = self.is_inference(path)
        if known and request.method != "POST":
            return Reply(405, body=encode({"detail": "Method Not Allowed"}), headers=(("allow", "POST"),))
        if path in AUDIO:
            return self._audio(request, behaviour)
        return self._infer(path, request, behaviour) if known else self._other(path, request)

    def _may(self, request: RawRequest) -> bool:
        return self._key is None or request.values(b"authorization") == [b"Bearer " + self._key.encode()]

    def _other(self, path: str, request: RawRequest) -> Reply:
        if path == "/health":
            return Reply(200 if self.healthy else 503, None)
        if path == "/v1/models":
            return _json(bodies.models(self.served, self.adapters, self._created))
        if path == "/metrics":
            text = METRICS.format(model=self.served[0], **self._counts)
            return Reply(content_type="text/plain; version=1.0.0; charset=utf-8", body=text.encode())
        if path.endswith("_lora_adapter") and request.method == "POST":
            return self._adapter(path, json.loads(request.body))
        if path.startswith("/v1/responses/"):
            found = self.stored.get(path.removeprefix("/v1/responses/"))
            return _json(found) if found else _json(_no_response(path.rpartition("/")[2]), 404)
        return _json({}) if self.is_control(path) else _json({"detail": "Not Found"}, 404)

    def _adapter(self, path: str, body: Json) -> Reply:
        name = body["lora_name"]
        if path == "/v1/load_lora_adapter":
            if name in self.adapters and not body.get("load_inplace"):
                text = f"The lora adapter '{name}' has already been loaded."
                return _json(error(400, text, "InvalidUserInput"), 400)
            self.adapters[name] = body["lora_path"]
            return Reply(content_type=None, body=f"Success: LoRA adapter '{name}' added successfully.".encode())
        if self.adapters.pop(name, None) is None:
            return _json(error(404, f"The lora adapter '{name}' cannot be found.", "NotFoundError"), 404)
        return Reply(content_type=None, body=f"Success: LoRA adapter '{name}' removed successfully.".encode())

    def _infer(self, path: str, request: RawRequest, behaviour: Behaviour) -> Reply:
        body = _decoded(request)
        refusal = self._refusal(path, request, body)
        if refusal is not None:
            shape = conversations.anthropic_error(refusal) if path.startswith("/v1/messages") else refusal
            return _json(shape, refusal["error"]["code"])
        answer = Answer(body, behaviour, self._name(body), _request_id(request, body))
        self._counts["prompt"] += answer.prompt_tokens
        whole, stream = INFERENCE[path]
        reply = self._remember(path, whole(answer), answer)
        if stream is not None and body.get("stream"):
            return _streamed(path, stream(answer), behaviour)
        if behaviour.engine_death is not None:
            return _json(error(500, bodies.ENGINE_DEATH, "InternalServerError"), 500)
        return _json(reply)

    def _remember(self, path: str, reply: Json, answer: Answer) -> Json:
        if path == "/v1/responses" and answer.body.get("store", True):
            self.stored[reply["id"]] = reply
        return reply

    def _name(self, body: Json) -> str:
        """vLLM names the first served name, whatever alias was asked for; an adapter by its own name."""
        asked = body.get("model")
        return asked if asked in self.adapters else self.served[0]

    def _refusal(self, path: str, request: RawRequest, body: Any) -> Json | None:
        kinds = b",".join(request.values(b"content-type")).lower()
        if not kinds.startswith(b"application/json"):
            return error(400, "Unsupported Media Type: Only 'application/json' is allowed", "Bad Request")
        if not isinstance(body, dict):
            return _invalid("{'type': 'json_invalid', 'loc': ('body', 1), 'msg': 'JSON decode error'}", "body.1")
        if (need := REQUIRED.get(path)) and not isinstance(body.get(need), (list, str) if need == "input" else list):
            return _invalid(
                f"{{'type': 'missing', 'loc': ('body', '{need}'), 'msg': 'Field required'}}", f"body.{need}"
            )
        asked = body.get("model")
        if asked is not None and asked not in (*self.served, *self.adapters):
            return bodies.not_a_model(asked, self.served)
        return self._bad_numbers(body) or self._unknown_response(path, body)

    def _bad_numbers(self, body: Json) -> Json | None:
        asked = bodies.limit_of(body)
        if asked is not None and asked < 1:
            text = f"max_tokens must be at least 1, got {asked}. (parameter=max_tokens, value={asked})"
            return error(400, text, "BadRequestError", "max_tokens")
        if body.get("stream_options") and not body.get("stream"):
            text = "Stream options can only be defined when `stream=True`."
            return error(400, text, "BadRequestError", "stream_options")
        return None

    def _unknown_response(self, path: str, body: Json) -> Json | None:
        previous = body.get("previous_response_id")
        unknown = path == "/v1/responses" and previous is not None and previous not in self.stored
        return _no_response(previous) if unknown else None

    def _audio(self, request: RawRequest, behaviour: Behaviour) -> Reply:
        """Echoes what arrived as the transcript: each field, and the size and name of the file."""
        parts = multipart(request)
        if parts is None or "file" not in parts:
            return _json(_invalid("{'type': 'missing', 'loc': ('body', 'file')}", "body.file"), 400)
        asked = parts.get("model", (None, b""))[1].decode()
        if asked and asked not in self.served:
            return _json(bodies.not_a_model(asked, self.served), 404)
        name, data = parts["file"]
        fields = {key: value.decode() for key, (filename, value) in parts.items() if filename is None}
        text = json.dumps({"file": name, "bytes": len(data), **fields}, sort_keys=True)
        return _json({"text": text, "usage": {"type": "duration", "seconds": 1}})


def multipart(request: RawRequest) -> dict[str, tuple[str | None, bytes]] | None:
    """Field name to file name and bytes; None when it is no multipart body."""
    kind = b"".join(request.values(b"content-type")).decode("latin-1")
    _, found, boundary = kind.partition("boundary=")
    if not found:
        return None
    parts = {}
    for part in request.body.split(b"--" + boundary.strip('"').encode())[1:-1]:
        head, _, data = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        options = head.decode().replace("\r\n", ";").replace(" ", "").split(";")
        named = dict(option.partition("=")[::2] for option in options)
        filename = named.get("filename")
        parts[named.get("name", "").strip('"')] = (filename and filename.strip('"'), data.removesuffix(b"\r\n"))
    return parts


def _json(body: Any, status: int = 200) -> Reply:
    return Reply(status, body=encode(body))


def _invalid(detail: str, param: str) -> Json:
    return error(400, f"1 validation error:\n  {detail}", "Bad Request", param)


def _no_response(wanted: object) -> Json:
    return error(404, f"Response with id '{wanted}' not found.", "invalid_request_error", "response_id")


def _request_id(request: RawRequest, body: Json) -> str:
    """The header beats the body, except that a response takes the body's id alone (conversations.response_id)."""
    given = request.values(b"x-request-id")
    return given[0].decode("latin-1") if given else str(body.get("request_id") or uuid.uuid4().hex[:16])


def _decoded(request: RawRequest) -> Any:
    try:
        return json.loads(request.body)
    except ValueError:
        return None


def _streamed(path: str, frames: Iterator[Frame], behaviour: Behaviour) -> Reply:
    if behaviour.engine_death is not None:
        frames = _dying(frames, behaviour.engine_death)
    return Reply(content_type=EVENTS, frames=frames, ends_with_done=path in DONE)


DONE = ("/v1/chat/completions", "/v1/completions")


def _dying(frames: Iterator[Frame], after: int) -> Iterator[Frame]:
    """vLLM's engine dies: an error event, in Python's default JSON spacing as vLLM prints it, and then still [DONE]."""
    for frame in frames:
        if frame.tokens > after:
            break
        yield frame
    yield Frame(json.dumps(error(500, bodies.ENGINE_DEATH, "InternalServerError")).encode(), after)
