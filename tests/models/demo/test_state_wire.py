"""What the server tells about itself, and /tokenize and /detokenize."""

import threading

from models.demo.service import VLLM_VERSION
from tests.models.demo.conftest import LIMIT, NOW, Serve, Until

LABELS = '{engine="0",model_name="scripted"}'


async def test_every_name_is_listed_as_a_model(serve: Serve) -> None:
    listed = (await (await serve()).http.get("/v1/models")).json()
    assert [card["id"] for card in listed["data"]] == ["scripted", "alias"]
    (card, _) = listed["data"]
    assert list(card) == ["id", "object", "created", "owned_by", "root", "parent", "max_model_len", "permission"]
    assert (card["created"], card["owned_by"], card["max_model_len"]) == (NOW, "vllm", LIMIT)


async def test_health_and_ping_are_empty_and_the_version_is_that_whose_wire_format_is_spoken(serve: Serve) -> None:
    server = await serve()
    for path in ("/health", "/ping"):
        reply = await server.http.get(path)
        assert (reply.status_code, reply.content) == (200, b"")
    assert (await server.http.get("/version")).text == f'{{"version":"{VLLM_VERSION}"}}'


async def test_metrics_count_what_was_done_under_vllms_names(serve: Serve) -> None:
    server = await serve("Hi")
    await server.chat()
    await server.chat(max_tokens=1)
    reply = await server.http.get("/metrics")
    assert reply.headers["content-type"] == "text/plain; version=1.0.0; charset=utf-8"
    for line in (
        f"vllm:prompt_tokens_total{LABELS} 18.0",
        f"vllm:generation_tokens_total{LABELS} 4.0",
        f"vllm:num_requests_running{LABELS} 0.0",
        f"vllm:num_requests_waiting{LABELS} 0.0",
        'vllm:request_success_total{engine="0",finished_reason="stop",model_name="scripted"} 1.0',
        'vllm:request_success_total{engine="0",finished_reason="length",model_name="scripted"} 1.0',
        f"vllm:time_to_first_token_seconds_count{LABELS} 2.0",
        f"vllm:inter_token_latency_seconds_count{LABELS} 2.0",
        f"vllm:e2e_request_latency_seconds_count{LABELS} 2.0",
    ):
        assert line in reply.text.splitlines()


async def test_metrics_tell_who_runs_and_who_waits(serve: Serve, until: Until) -> None:
    gate = threading.Semaphore(3)
    server = await serve("x" * 400, seats=1, gate=gate)
    wish = {"prompt": "\x02", "max_tokens": 300, "n": 2, "stream": True}
    async with server.http.stream("POST", "/v1/completions", json=wish):
        await until(lambda: server.engine.load == (1, 1))
        text = (await server.http.get("/metrics")).text
        assert f"vllm:num_requests_running{LABELS} 1.0" in text
        assert f"vllm:num_requests_waiting{LABELS} 1.0" in text
        gate.release(1 << 20)


async def test_a_text_or_a_conversation_is_tokenized(serve: Serve) -> None:
    server = await serve()
    assert (await server.post("/tokenize", prompt="ab")).text == (
        f'{{"count":2,"max_model_len":{LIMIT},"tokens":[97,98],"token_strs":null}}'
    )
    named = await server.post("/tokenize", prompt="ab", return_token_strs=True)
    assert named.json()["token_strs"] == ["<97>", "<98>"]
    chat = await server.post("/tokenize", messages=[{"role": "user", "content": "Hi"}])
    assert chat.json()["count"] == len("user:Hi\n\x02")
    assert (await server.post("/tokenize")).json()["error"]["param"] == "body.prompt"


async def test_tokens_are_detokenized_with_the_special_ones(serve: Serve) -> None:
    server = await serve()
    assert (await server.post("/detokenize", tokens=[97, 98, 256])).text == '{"prompt":"ab<end>"}'
    assert (await server.post("/detokenize", tokens=[-1])).json()["error"]["message"] == (
        "1 validation error:\n  {'type': 'greater_than_equal', 'loc': 'body.tokens.0', 'msg': "
        "'Input should be greater than or equal to 0', 'input': '-1', 'ctx': {'ge': 0}}"
    )
