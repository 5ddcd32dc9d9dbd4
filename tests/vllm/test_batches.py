"""A batch before a real server, by the official client's own means, beside a chat that does not wait for it."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from openai import OpenAI
from openai.types import Batch

from tests.vllm.conftest import MODEL, Gateway, StartGateway, version
from tests.vllm.processes import Server

pytestmark = pytest.mark.vllm

ENDPOINT = "/v1/chat/completions"
WITHIN_SECONDS = 180.0


@pytest.fixture(scope="module")
def gateway(start_gateway: StartGateway, vllm: Server) -> Gateway:
    return start_gateway({
        "versions": {"smol-1": version(vllm)},
        "models": {"assistant": {"split": {"smol-1": 1}, "batch": {"in_flight": 4}}},
    })


@pytest.fixture
def client(gateway: Gateway) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{gateway.url}/v1", api_key="none") as client:
        yield client


def line(number: int, **more: Any) -> dict[str, Any]:
    body = {"model": "assistant", "messages": [{"role": "user", "content": f"Count to {number}."}], "max_tokens": 12,
            "temperature": 0, **more}
    return {"custom_id": f"line-{number}", "method": "POST", "url": ENDPOINT, "body": body}


def begun(client: OpenAI, lines: list[dict[str, Any]]) -> Batch:
    sent = client.files.create(file=("lines.jsonl", b"\n".join(json.dumps(one).encode() for one in lines)),
                               purpose="batch")
    return client.batches.create(input_file_id=sent.id, endpoint=ENDPOINT, completion_window="24h")


def ended(client: OpenAI, batch: Batch) -> Batch:
    deadline = time.monotonic() + WITHIN_SECONDS
    while batch.status in ("validating", "in_progress", "finalizing", "cancelling"):
        assert time.monotonic() < deadline, batch
        time.sleep(0.2)
        batch = client.batches.retrieve(batch.id)
    return batch


def rows(client: OpenAI, file_id: str | None) -> list[dict[str, Any]]:
    assert file_id is not None
    return [json.loads(row) for row in client.files.content(file_id).text.splitlines()]


def test_every_line_is_asked_as_a_chat_is(client: OpenAI, vllm: Server) -> None:
    batch = ended(client, begun(client, [line(number) for number in range(1, 25)]))
    assert batch.status == "completed"
    answers = rows(client, batch.output_file_id)
    assert [row["custom_id"] for row in answers] == [f"line-{number}" for number in range(1, 25)]
    with OpenAI(base_url=f"{vllm.url}/v1", api_key="none") as direct:
        for row, number in list(zip(answers, range(1, 25), strict=True))[::6]:
            alone = direct.chat.completions.create(**{**line(number)["body"], "model": MODEL})
            said = row["response"]["body"]
            # Which words come depends on what the server reads beside it: sums in bfloat16 have an order.
            assert said["choices"][0]["message"]["content"]
            assert said["model"] == "assistant"
            assert alone.usage is not None
            assert said["usage"]["prompt_tokens"] == alone.usage.prompt_tokens
            assert 0 < said["usage"]["completion_tokens"] <= 12


def test_what_the_server_refuses_stands_in_the_error_file(client: OpenAI) -> None:
    batch = ended(client, begun(client, [line(1), line(2, max_tokens=100_000), line(3)]))
    assert (batch.status, batch.request_counts.failed) == ("completed", 1)  # type: ignore[union-attr]
    assert [row["custom_id"] for row in rows(client, batch.output_file_id)] == ["line-1", "line-3"]
    (refused,) = rows(client, batch.error_file_id)
    assert (refused["custom_id"], refused["response"]["status_code"]) == ("line-2", 400)


def test_a_chat_is_answered_while_a_batch_runs_and_a_batch_can_be_cancelled(client: OpenAI) -> None:
    batch = begun(client, [line(number, max_tokens=60, ignore_eos=True) for number in range(1, 200)])
    while client.batches.retrieve(batch.id).status == "validating":
        time.sleep(0.1)
    for _ in range(3):
        chat = client.chat.completions.create(model="assistant", messages=[{"role": "user", "content": "Hello"}],
                                              max_tokens=4)
        assert chat.choices[0].message.content
    client.batches.cancel(batch.id)
    batch = ended(client, batch)
    counts = batch.request_counts
    assert batch.status == "cancelled"
    assert counts is not None
    assert counts.total == 199
    assert counts.completed < 199
