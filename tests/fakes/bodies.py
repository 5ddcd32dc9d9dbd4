"""The bodies of vLLM 0.32's answers: the keys, their order and what is left out, as its pydantic models print them."""

from __future__ import annotations

import hashlib
import json
import re
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.behaviour import Behaviour, Place

Json = dict[str, Any]
FINGERPRINT = "vllm-0.32.0-5eed5eed"
MAX_MODEL_LEN = 2048
ENGINE_DEATH = "EngineCore encountered an issue. See stack trace (above) for the root cause."
DEFAULT_TOKENS = 8
DETAILS = ("prompt_tokens_details", "completion_tokens_details")


def encode(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def error(status: int, message: str, kind: str, param: str | None = None) -> Json:
    return {"error": {"message": message, "type": kind, "param": param, "code": status}}


def not_a_model(name: object, served: Sequence[str]) -> Json:
    message = f"The model `{name}` does not exist. Valid aliases: {', '.join(served)}."
    return error(404, message, "NotFoundError", "model")


def words(value: Any) -> int:
    """Prompt tokens of the fake: the words in every string of the value."""
    if isinstance(value, str):
        return len(value.split())
    if isinstance(value, dict):
        return sum(words(item) for key, item in value.items() if key not in ("role", "type"))
    return sum(map(words, value)) if isinstance(value, list) else 0


def prompt_of(body: Json) -> Any:
    return next((body[key] for key in ("messages", "prompt", "input") if key in body), "")


def tokens_for(body: Json, behaviour: Behaviour) -> list[str]:
    """Token i is ` t<i>`, or ` <nonce>-<i>` where the prompt holds `nonce:<nonce>`: a client can tell its own bytes."""
    if behaviour.text is not None:
        return list(behaviour.text)
    count = behaviour.tokens if behaviour.tokens is not None else limit_of(body)
    count = DEFAULT_TOKENS if count is None else count
    found = re.findall(r"nonce:([\w.-]+)", json.dumps(prompt_of(body)))
    prefix = f" {found[-1]}-" if found else " t"
    tokens = [f"{prefix}{i}" for i in range(count)]
    awkward = {Place.UTF8: " naïve €", Place.ESCAPE: ' say "hi"\n'}.get(behaviour.at)
    if behaviour.fault and awkward and behaviour.after < count:
        tokens[behaviour.after] = awkward
    return tokens


def limit_of(body: Json) -> int | None:
    keys = ("max_completion_tokens", "max_tokens", "max_output_tokens")
    return next((body[key] for key in keys if isinstance(body.get(key), int)), None)


@dataclass(frozen=True, slots=True)
class Frame:
    """One event of a stream. `tokens`: how many content tokens the reader has after it; `name`: the `event:` line."""

    data: bytes
    tokens: int
    name: str | None = None


@dataclass
class Answer:
    """What the model has to say to one request; the endpoint's functions below give it its shape."""

    body: Json
    behaviour: Behaviour
    model: str
    request_id: str
    created: int = field(default_factory=lambda: int(time.time()))
    made_id: str = field(default_factory=lambda: uuid.uuid4().hex[:16])
    tokens: list[str] = field(init=False)
    finish: str = field(init=False)
    choices: int = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = tokens_for(self.body, self.behaviour)
        cut = limit_of(self.body) is not None and len(self.tokens) >= (limit_of(self.body) or 0)
        self.finish = self.behaviour.finish or ("length" if cut else "stop")
        n = self.body.get("n")
        self.choices = n if isinstance(n, int) and n > 0 else 1

    @property
    def text(self) -> str:
        return "".join(self.tokens)

    @property
    def prompt_tokens(self) -> int:
        return max(1, words(prompt_of(self.body)))

    @property
    def completion_tokens(self) -> int:
        """The end-of-sequence token that makes a reply `stop` is counted and never seen, as in vLLM."""
        return len(self.tokens) + (self.finish == "stop")

    def usage(self, completion: int, *details: str) -> Json:
        """`completion` in tokens; `details`: keys that are there, and null. The keys' order is vLLM's."""
        counts: Json = {"prompt_tokens": self.prompt_tokens, "total_tokens": self.prompt_tokens + completion}
        return counts | {"completion_tokens": completion} | dict.fromkeys(details)

    def wants(self, option: str) -> bool:
        options = self.body.get("stream_options")
        return self.behaviour.usage and isinstance(options, dict) and bool(options.get(option))


def chat(answer: Answer) -> Json:
    message = {"role": "assistant", "content": answer.text, "refusal": None, "annotations": None, "audio": None}
    message |= {"function_call": None, "reasoning": None}
    ending = {"logprobs": None, "finish_reason": answer.finish, "stop_reason": None, "token_ids": None}
    choices = [{"index": i, "message": message} | ending | {"routed_experts": None} for i in range(answer.choices)]
    top = {"id": f"chatcmpl-{answer.request_id}", "object": "chat.completion", "created": answer.created}
    top |= {"model": answer.model, "choices": choices, "service_tier": None, "system_fingerprint": FINGERPRINT}
    top["usage"] = answer.usage(answer.completion_tokens * answer.choices, *DETAILS)
    if not answer.behaviour.usage:
        del top["usage"]
    rest = ("prompt_logprobs", "prompt_token_ids", "prompt_text", "kv_transfer_params", "ec_transfer_params", "metrics")
    return top | dict.fromkeys(rest)


def completion(answer: Answer) -> Json:
    ending = {"logprobs": None, "finish_reason": answer.finish, "stop_reason": None, "token_ids": None}
    ending |= {"prompt_logprobs": None, "prompt_token_ids": None, "routed_experts": None}
    choices = [{"index": i, "text": answer.text} | ending for i in range(answer.choices)]
    top = {"id": f"cmpl-{answer.request_id}", "object": "text_completion", "created": answer.created}
    top |= {"model": answer.model, "choices": choices, "service_tier": None, "system_fingerprint": FINGERPRINT}
    top["usage"] = answer.usage(answer.completion_tokens * answer.choices, *DETAILS)
    return top | dict.fromkeys(("kv_transfer_params", "ec_transfer_params", "metrics"))


def chat_frames(answer: Answer) -> Iterator[Frame]:
    top = {"id": f"chatcmpl-{answer.request_id}", "object": "chat.completion.chunk", "created": answer.created}
    top["model"] = answer.model
    zero = {"usage": answer.usage(0, DETAILS[1])} if answer.wants("continuous_usage_stats") else {}
    for i in range(answer.choices):
        opening = {"index": i, "delta": {"role": "assistant", "content": ""}, "logprobs": None, "finish_reason": None}
        rest = zero | {"prompt_token_ids": None, "prompt_text": None}
        yield Frame(encode(top | {"choices": [opening]} | rest), 0)
    yield from _token_frames(answer, top, lambda text: {"delta": {"content": text}})


def completion_frames(answer: Answer) -> Iterator[Frame]:
    top = {"id": f"cmpl-{answer.request_id}", "object": "text_completion", "created": answer.created}
    top["model"] = answer.model
    yield from _token_frames(answer, top, lambda text: {"text": text})


def _token_frames(answer: Answer, top: Json, shape: Any) -> Iterator[Frame]:
    pieces = answer.tokens + ([] if answer.finish == "length" and answer.tokens else [""])
    completions = "text" in shape("")
    sent = 0
    for position, text in enumerate(pieces):
        last = position == len(pieces) - 1
        sent += bool(text)
        for i in range(answer.choices):
            choice = {"index": i} | shape(text) | {"logprobs": None, "finish_reason": answer.finish if last else None}
            if completions:
                choice |= {"stop_reason": None, "prompt_token_ids": None}
            elif last:
                choice["stop_reason"] = None
            chunk = top | {"choices": [choice | {"token_ids": None}]}
            if answer.wants("continuous_usage_stats"):
                chunk["usage"] = answer.usage(position + 1, *(() if completions else DETAILS[1:]))
            if last and not answer.wants("include_usage"):
                chunk["system_fingerprint"] = FINGERPRINT
            yield Frame(encode(chunk), sent)
    if answer.wants("include_usage"):
        total = answer.usage(answer.completion_tokens * answer.choices)
        yield Frame(encode(top | {"choices": [], "usage": total, "system_fingerprint": FINGERPRINT}), sent)


def embeddings(answer: Answer) -> Json:
    given = answer.body.get("input", "")
    inputs = given if isinstance(given, list) and not all(isinstance(item, int) for item in given) else [given]
    data = [{"index": i, "object": "embedding", "embedding": vector(item)} for i, item in enumerate(inputs)]
    top = {"id": f"embd-{answer.request_id}", "object": "list", "created": answer.created, "model": answer.model}
    return top | {"data": data, "usage": answer.usage(0, *DETAILS)}


def vector(value: Any, size: int = 4) -> list[float]:
    """A unit vector that depends on the input only."""
    digest = hashlib.sha256(encode(value)).digest()[:size]
    norm = sum(byte * byte for byte in digest) ** 0.5 or 1.0
    return [round(byte / norm, 6) for byte in digest]


def rerank(answer: Answer) -> Json:
    documents = answer.body.get("documents") or []
    query = str(answer.body.get("query", ""))
    rows = [(i, text, overlap(query, text)) for i, text in enumerate(documents)]
    rows.sort(key=lambda row: -row[2])
    rows = rows[: answer.body.get("top_n") or len(rows)]
    count = words(query) + words(documents)
    shown = [(i, {"text": text, "multi_modal": None}, relevance) for i, text, relevance in rows]
    results = [{"index": i, "document": text, "relevance_score": relevance} for i, text, relevance in shown]
    usage = {"prompt_tokens": count, "total_tokens": count}
    return {"id": f"score-{answer.request_id}", "model": answer.model, "usage": usage, "results": results}


def score(answer: Answer) -> Json:
    left, right = (as_list(answer.body.get(keys[0], answer.body.get(keys[1], ""))) for keys in SCORE_KEYS)
    pairs = zip(left * len(right) if len(left) == 1 else left, right, strict=False)
    data = [{"index": i, "object": "score", "score": overlap(str(a), b)} for i, (a, b) in enumerate(pairs)]
    top = {"id": f"score-{answer.request_id}", "object": "list", "created": answer.created, "model": answer.model}
    return top | {"data": data, "usage": answer.usage(0, *DETAILS)}


SCORE_KEYS = (("text_1", "queries"), ("text_2", "documents"))


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def overlap(query: str, document: Any) -> float:
    ours, theirs = set(query.split()), set(str(document).split())
    return round(len(ours & theirs) / max(1, len(ours | theirs)), 6)


def tokenize(answer: Answer) -> Json:
    """Token numbers are the UTF-8 bytes of the prompt, so that /detokenize can undo them."""
    prompt = prompt_of(answer.body)
    text = prompt if isinstance(prompt, str) else " ".join(str(part.get("content", "")) for part in prompt)
    tokens = list(text.encode())
    return {"count": len(tokens), "max_model_len": MAX_MODEL_LEN, "tokens": tokens, "token_strs": None}


def detokenize(answer: Answer) -> Json:
    tokens = answer.body.get("tokens") or []
    return {"prompt": bytes(token % 256 for token in tokens).decode("utf-8", "replace")}


def models(served: Sequence[str], adapters: dict[str, str], created: int) -> Json:
    bases = [_card(name, "/models/" + name, None, MAX_MODEL_LEN, created) for name in served]
    loras = [_card(name, path, served[0], None, created) for name, path in adapters.items()]
    return {"object": "list", "data": bases + loras}


def _card(name: str, root: str, parent: str | None, length: int | None, created: int) -> Json:
    permission = {"id": f"modelperm-{uuid.uuid4().hex[:16]}", "object": "model_permission", "created": created}
    permission |= {"allow_create_engine": False, "allow_sampling": True, "allow_logprobs": True}
    permission |= {"allow_search_indices": False, "allow_view": True, "allow_fine_tuning": False}
    permission |= {"organization": "*", "group": None, "is_blocking": False}
    card = {"id": name, "object": "model", "created": created, "owned_by": "vllm", "root": root, "parent": parent}
    return card | {"max_model_len": length, "permission": [permission]}
