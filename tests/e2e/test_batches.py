"""Files and batches through a real gateway, driven by OpenAI's own client."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest
import pytest_asyncio

from gateway.batches.batch import WINDOW_SECONDS, Batch
from gateway.batches.batch_store import BatchStore
from gateway.batches.line import ENDPOINTS
from gateway.batches.place import Place
from operations.secrets.master import master_key
from tests.fakes.behaviour import Behaviour
from tests.fakes.connection import Request
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess
from tests.raw_client import RawClient

pytestmark = pytest.mark.asyncio(loop_scope="module")
ENDPOINT = "/v1/chat/completions"
KEYS = {"shop": "sk-shop-0123456789", "rival": "sk-rival-0123456789"}
SETTINGS: dict[str, Any] = {
    "auth": "required", "workers": 2,
    "keys": [{"id": f"{name}-key", "tenant": name, "sha256": hashlib.sha256(key.encode()).hexdigest()}
             for name, key in KEYS.items()],
    "batches": {"quiet": "50ms", "file_bytes": 4 << 20, "lines": 2000}}  # fmt: skip
BLOCKED = {"policies": {"strict": {"prompt": {"secrets": {"action": "block"}}}}}


def routing(*urls: str) -> dict[str, Any]:
    versions = {"v1": {"served_model": "m", "endpoints": list(urls)}}
    models = {"m": {"split": {"v1": 1}, "batch": {"in_flight": 8, "priority": 10}},
              "guarded": {"split": {"v1": 1}, "policy": "strict"}}  # fmt: skip
    return {"versions": versions, "models": models, **BLOCKED}


def line(custom_id: str, prompt: str = "hello", model: str = "m", **more: Any) -> dict[str, Any]:
    body = {"model": model, "messages": [{"role": "user", "content": prompt}], "max_tokens": 4}
    return {"custom_id": custom_id, "method": "POST", "url": ENDPOINT, "body": body} | more


def jsonl(*lines: Any) -> bytes:
    return b"".join((one if isinstance(one, bytes) else json.dumps(one).encode()) + b"\n" for one in lines)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(fake: FakeVLLM, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayProcess]:
    async with GatewayProcess(tmp_path_factory.mktemp("gateway"), routing(fake.url), **SETTINGS) as gateway:
        yield gateway


def client_of(gateway: GatewayProcess, tenant: str = "shop") -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=gateway.base_url + "/v1", api_key=KEYS[tenant], max_retries=0)


@pytest_asyncio.fixture(loop_scope="module")
async def client(gateway: GatewayProcess) -> AsyncIterator[openai.AsyncOpenAI]:
    async with client_of(gateway) as client:
        yield client


async def made(client: openai.AsyncOpenAI, *lines: Any, **more: Any) -> Any:
    sent = await client.files.create(file=("input.jsonl", jsonl(*lines)), purpose="batch")
    return await client.batches.create(input_file_id=sent.id, endpoint=ENDPOINT, completion_window="24h", **more)


async def ended(client: openai.AsyncOpenAI, batch_id: str, within: float = 30.0) -> Any:
    async with asyncio.timeout(within):
        while True:
            batch = await client.batches.retrieve(batch_id)
            if batch.status in ("completed", "failed", "expired", "cancelled"):
                return batch
            await asyncio.sleep(0.1)


async def lines_in(client: openai.AsyncOpenAI, file_id: str | None) -> list[dict[str, Any]]:
    if file_id is None:
        return []
    content = (await client.files.content(file_id)).content
    return [json.loads(one) for one in content.splitlines()]


async def test_a_batch_is_answered_line_by_line_in_the_order_of_its_input(
    client: openai.AsyncOpenAI, gateway: GatewayProcess, fake: FakeVLLM
) -> None:
    names = [f"q{number}" for number in range(40)]
    batch = await made(client, *(line(name, f"nonce:{name}") for name in names), metadata={"night": "1"})
    assert (batch.object, batch.status, batch.completion_window) == ("batch", "validating", "24h")
    batch = await ended(client, batch.id)
    assert (batch.status, batch.request_counts.total, batch.request_counts.completed) == ("completed", 40, 40)
    assert batch.error_file_id is None
    assert batch.metadata == {"night": "1"}
    told = await lines_in(client, batch.output_file_id)
    assert [one["custom_id"] for one in told] == names
    assert {one["response"]["status_code"] for one in told} == {200}
    assert all(one["error"] is None for one in told)
    assert batch.usage.output_tokens == sum(one["response"]["body"]["usage"]["completion_tokens"] for one in told) > 0
    assert {json.loads(request.body)["priority"] for request in fake.inference} == {10}
    await gateway.until(lambda: len(gateway.ledger(batch=batch.id, outcome="answered")) == 40, "its records")
    row = gateway.ledger(batch=batch.id)[0]
    assert (row["purpose"], row["tenant"], row["key"]) == ("batch", "shop", "shop-key")


async def test_nothing_of_a_file_with_a_line_that_cannot_be_used_is_asked(
    client: openai.AsyncOpenAI, fake: FakeVLLM
) -> None:
    wrong = [
        b"{no json", line(""), line("a"), line("a"), line("b", url="/v1/embeddings"), line("c", method="GET"),
        line("d", model="nobody"), {"custom_id": "e", "method": "POST", "url": ENDPOINT},
    ]  # fmt: skip
    streamed = line("f")
    streamed["body"]["stream"] = True
    batch = await ended(client, (await made(client, line("good"), b"", *wrong, streamed)).id)
    assert (batch.status, batch.output_file_id, batch.error_file_id) == ("failed", None, None)
    assert [(one.line, one.code, one.param) for one in batch.errors.data] == [
        (3, "invalid_json_line", None), (4, "invalid_custom_id", "custom_id"),
        (6, "duplicate_custom_id", "custom_id"), (7, "mismatched_url", "url"), (8, "invalid_method", "method"),
        (9, "model_not_found", "body.model"), (10, "missing_body", "body"),
        (11, "stream_not_allowed", "body.stream")]  # fmt: skip
    assert fake.inference == []


@pytest.mark.parametrize(("lines", "code", "told"), [([], "empty_file", 1), ([b"{"] * 150, "invalid_json_line", 101)])
async def test_what_is_wrong_with_a_whole_file_is_told_within_bounds(
    client: openai.AsyncOpenAI, lines: list[bytes], code: str, told: int
) -> None:
    batch = await ended(client, (await made(client, *lines)).id)
    assert (batch.status, batch.errors.data[0].code, len(batch.errors.data)) == ("failed", code, told)
    if told > 100:
        assert batch.errors.data[-1].message == "50 more lines cannot be used."


async def test_what_cannot_be_answered_is_in_the_error_file_and_the_rest_in_the_other(
    client: openai.AsyncOpenAI, fake: FakeVLLM
) -> None:
    def behave(request: Request) -> Behaviour | None:
        return Behaviour(status=400, body=b'{"error":{"message":"too long","code":400}}') if (
            b"nonce:long" in request.body) else None

    fake.choose(behave)
    secret = "my key is AKIAQ3EGTRZ7XK4NWP2B"
    batch = await made(client, line("1"), line("2", "nonce:long"), line("3", secret, "guarded"), line("4"))
    batch = await ended(client, batch.id)
    assert (batch.status, batch.request_counts.completed, batch.request_counts.failed) == ("completed", 2, 2)
    assert [one["custom_id"] for one in await lines_in(client, batch.output_file_id)] == ["1", "4"]
    failed = await lines_in(client, batch.error_file_id)
    assert [(one["custom_id"], one["response"]["status_code"], one["response"]["body"]["error"]["code"])
            for one in failed] == [("2", 400, 400), ("3", 400, "content_blocked")]  # fmt: skip
    assert not any(secret.encode() in request.body for request in fake.inference)


async def test_a_server_that_is_full_or_fails_is_asked_again(client: openai.AsyncOpenAI, fake: FakeVLLM) -> None:
    fake.script(Behaviour(status=503, body=b'{"error":{"message":"full","code":503}}'), Behaviour(status=500))
    batch = await ended(client, (await made(client, line("1"), line("2"))).id)
    assert (batch.status, batch.request_counts.completed, batch.request_counts.failed) == ("completed", 2, 0)
    assert len(fake.inference) == 4


async def test_a_batch_that_is_cancelled_keeps_what_is_done(client: openai.AsyncOpenAI, fake: FakeVLLM) -> None:
    fake.choose(lambda request: Behaviour(head_delay=30) if b"nonce:slow" in request.body else None)
    batch = await made(client, line("1"), *(line(f"slow{number}", "nonce:slow") for number in range(20)))
    async with asyncio.timeout(20):
        while (await client.batches.retrieve(batch.id)).request_counts.completed < 1 or len(fake.inference) < 3:
            await asyncio.sleep(0.05)
    assert (await client.batches.cancel(batch.id)).status == "cancelling"
    batch = await ended(client, batch.id)
    assert (batch.status, batch.request_counts.completed, batch.request_counts.failed) == ("cancelled", 1, 20)
    assert [one["custom_id"] for one in await lines_in(client, batch.output_file_id)] == ["1"]
    unanswered = await lines_in(client, batch.error_file_id)
    assert {(one["response"], one["error"]["code"]) for one in unanswered} == {(None, "batch_cancelled")}
    for request in fake.inference[1:]:
        await asyncio.wait_for(request.closed_by_client.wait(), 5)
    with pytest.raises(openai.ConflictError) as refused:
        await client.batches.cancel(batch.id)
    assert refused.value.code == "batch_not_cancellable"


async def test_lines_leave_when_somebody_comes_who_waits_and_come_back_when_that_is_over(
    client: openai.AsyncOpenAI, gateway: GatewayProcess, fake: FakeVLLM
) -> None:
    before = await gateway.counted("gatewright_requests_total")
    fake.choose(lambda request: Behaviour(head_delay=20) if b"nonce:first" in request.body else None)
    batch = await made(client, *(line(f"first{number}", "nonce:first") for number in range(4)))
    await fake.until(lambda: len(fake.inference) == 4, 10)
    lines = list(fake.inference)
    fake.choose(None)
    reply = await client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "hello"}], max_tokens=2)  # fmt: skip
    assert reply.choices[0].message.content
    for request in lines:
        await asyncio.wait_for(request.closed_by_client.wait(), 5)
    batch = await ended(client, batch.id)
    assert (batch.status, batch.request_counts.completed) == ("completed", 4)
    await gateway.until(lambda: len(gateway.ledger(batch=batch.id)) == 8, "its records")
    left = gateway.ledger(batch=batch.id, outcome="abandoned")
    assert [(row["code"], row["blame"], row["cost_micros"]) for row in left] == [("preempted", "", 0)] * 4
    after = await gateway.counted("gatewright_requests_total")
    assert sum(after.values()) - sum(before.values()) == 1, "what nobody waits for is no request"


async def test_files_and_batches_of_another_tenant_are_not_there(
    client: openai.AsyncOpenAI, gateway: GatewayProcess
) -> None:
    batch = await ended(client, (await made(client, line("1"))).id)
    async with client_of(gateway, "rival") as rival:
        for asking in (rival.files.retrieve(batch.input_file_id), rival.files.content(batch.output_file_id),
                       rival.files.delete(batch.input_file_id), rival.batches.retrieve(batch.id),
                       rival.batches.cancel(batch.id), rival.batches.create(
                           input_file_id=batch.input_file_id, endpoint=ENDPOINT, completion_window="24h")):
            with pytest.raises(openai.NotFoundError):
                await asking
        assert (await rival.files.list()).data == []
        assert (await rival.batches.list()).data == []
    assert (await client.files.retrieve(batch.input_file_id)).filename == "input.jsonl"


async def test_files_are_listed_read_and_deleted(client: openai.AsyncOpenAI) -> None:
    content = jsonl(*(line(f"{number}", "x" * 3000) for number in range(200)))
    sent = [await client.files.create(file=(f"{number}.jsonl", content), purpose="batch",
                                      expires_after={"anchor": "created_at", "seconds": 3600}) for number in range(3)]
    assert (sent[0].bytes, sent[0].object, sent[0].status) == (len(content), "file", "processed")
    assert sent[0].expires_at - sent[0].created_at == 3600
    assert (await client.files.content(sent[1].id)).content == content
    newest = await client.files.list(limit=2, purpose="batch")
    assert [one.id for one in newest.data] == [sent[2].id, sent[1].id]
    assert newest.has_more
    assert [one.id async for one in client.files.list(limit=1, after=sent[2].id)][:2] == [sent[1].id, sent[0].id]
    oldest = await client.files.list(limit=1, order="asc", after=sent[0].id)
    assert oldest.data[0].id == sent[1].id
    deleted = await client.files.delete(sent[1].id)
    assert (deleted.id, deleted.deleted) == (sent[1].id, True)
    with pytest.raises(openai.NotFoundError) as gone:
        await client.files.retrieve(sent[1].id)
    assert gone.value.code == "file_not_found"


async def test_batches_are_listed_newest_first_a_page_at_a_time(client: openai.AsyncOpenAI) -> None:
    batches = [await made(client, line("1")) for _ in range(3)]
    page = await client.batches.list(limit=2)
    assert [one.id for one in page.data] == [batches[2].id, batches[1].id]
    assert [one.id async for one in client.batches.list(limit=1)][:3] == [one.id for one in reversed(batches)]
    for one in batches:
        await ended(client, one.id)


async def test_a_file_may_be_deleted_while_its_batch_runs(client: openai.AsyncOpenAI, fake: FakeVLLM) -> None:
    fake.choose(lambda request: Behaviour(head_delay=0.3))
    batch = await made(client, *(line(f"{number}") for number in range(12)))
    await client.files.delete(batch.input_file_id)
    assert (await ended(client, batch.id)).request_counts.completed == 12


async def test_what_cannot_be_taken_is_refused_at_once(client: openai.AsyncOpenAI, gateway: GatewayProcess) -> None:
    with pytest.raises(openai.BadRequestError) as purpose:
        await client.files.create(file=("a.jsonl", b"{}"), purpose="fine-tune")
    assert purpose.value.code == "invalid_purpose"
    with pytest.raises(openai.APIStatusError) as large:
        await client.files.create(file=("a.jsonl", b"x" * (5 << 20)), purpose="batch")
    assert (large.value.status_code, large.value.code) == (413, "file_too_large")
    stranger = openai.AsyncOpenAI(base_url=gateway.base_url + "/v1", api_key="sk-nobody", max_retries=0)
    with pytest.raises(openai.AuthenticationError):
        await stranger.files.create(file=("a.jsonl", b"{}"), purpose="batch")
    with pytest.raises(openai.AuthenticationError):
        await stranger.batches.list()
    await stranger.close()
    sent = await client.files.create(file=("a.jsonl", b"{}"), purpose="batch")
    for change, code in (({"endpoint": "/v1/videos"}, "unsupported_endpoint"),
                         ({"completion_window": "1h"}, "invalid_value"), ({"metadata": {"a": 1}}, "invalid_value"),
                         ({"extra_body": {"surprise": 1}}, "unknown_field")):
        asked: Any = {"input_file_id": sent.id, "endpoint": ENDPOINT, "completion_window": "24h", **change}
        with pytest.raises(openai.BadRequestError) as refused:
            await client.batches.create(**asked)
        assert refused.value.code == code


async def test_nothing_that_was_sent_or_answered_lies_on_the_disk_in_the_clear(
    client: openai.AsyncOpenAI, gateway: GatewayProcess, fake: FakeVLLM
) -> None:
    fake.choose(lambda request: Behaviour(text=("Wintergreen",)))
    batch = await ended(client, (await made(client, line("Periwinkle", "Marigold and Chrysanthemum"))).id)
    assert (await lines_in(client, batch.output_file_id))[0]["custom_id"] == "Periwinkle"
    written = b"".join(path.read_bytes() for path in (gateway.state / "batches").rglob("*") if path.is_file())
    assert len(written) > 500
    for word in (b"Periwinkle", b"Marigold", b"Wintergreen", b"shop"):
        assert word not in written


async def test_a_batch_whose_window_is_over_keeps_what_is_done(
    client: openai.AsyncOpenAI, gateway: GatewayProcess, fake: FakeVLLM
) -> None:
    fake.choose(lambda request: Behaviour(head_delay=60) if b"nonce:slow" in request.body else None)
    batch = await made(client, line("1"), line("2", "nonce:slow"))
    await fake.until(lambda: len(fake.inference) == 2, 10)
    store = batch_store(gateway)
    folder = store.place.batch("shop", batch.id)
    assert folder is not None

    def age(batch: Batch) -> None:
        batch.created_at -= WINDOW_SECONDS

    store.change(folder, age)
    batch = await ended(client, batch.id)
    assert (batch.status, batch.request_counts.completed, batch.request_counts.failed) == ("expired", 1, 1)
    (unanswered,) = await lines_in(client, batch.error_file_id)
    assert (unanswered["custom_id"], unanswered["error"]["code"]) == ("2", "batch_expired")


def batch_store(gateway: GatewayProcess) -> BatchStore:
    """The host's own, with the key of the host."""
    secret = master_key({}, gateway.state).host_keys().files
    return BatchStore(Place(gateway.state / "batches", secret), secret)


async def test_where_records_wait_for_the_disk_a_line_that_has_its_result_is_not_asked_again(
    tmp_path: Path, fake: FakeVLLM
) -> None:
    """Between a result and the end of its exchange lies a sync: whoever comes then sends away what is done already."""
    settings = SETTINGS | {"durability": "disk", "workers": 1}
    async with GatewayProcess(tmp_path, routing(fake.url), **settings) as gateway, client_of(gateway) as client:
        batch = await made(client, *(line(f"{number}") for number in range(60)))
        for number in range(12):
            await client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": f"person {number}"}], max_tokens=1)  # fmt: skip
            await asyncio.sleep(0.06)
        batch = await ended(client, batch.id)
        assert (batch.status, batch.request_counts.completed) == ("completed", 60)
        await gateway.until(lambda: len(gateway.ledger(batch=batch.id, outcome="answered")) >= 60, "its records")
        assert len(gateway.ledger(batch=batch.id, outcome="answered")) == 60
        assert "reply_failed" not in gateway.log


def half_sent(gateway: GatewayProcess, pids: dict[str, int]) -> int:
    """Files that are on their way: they have no name."""
    links = [os.readlink(one) for pid in pids.values() for one in Path(f"/proc/{pid}/fd").iterdir() if one.is_symlink()]
    return sum(str(gateway.state / "uploads") in link for link in links)


async def test_a_client_that_leaves_in_the_midst_of_a_file_leaves_nothing(gateway: GatewayProcess) -> None:
    pids = await gateway.worker_pids()
    head = f"POST /v1/files HTTP/1.1\r\nhost: g\r\nauthorization: Bearer {KEYS['shop']}\r\n"
    head += "content-type: multipart/form-data; boundary=x\r\ncontent-length: 2000000\r\n\r\n"
    async with RawClient(gateway.port) as client:
        await client.send(head.encode() + b"x" * 300_000)
        await gateway.until(lambda: half_sent(gateway, pids) == 1, "the file to arrive")
    await gateway.until(lambda: half_sent(gateway, pids) == 0, "nothing to be left of it")


async def test_a_file_too_large_is_told_from_its_head_and_one_without_a_length_when_it_is(
    gateway: GatewayProcess,
) -> None:
    head = f"POST /v1/files?x=1 HTTP/1.1\r\nhost: g\r\nauthorization: Bearer {KEYS['shop']}\r\n"
    async with RawClient(gateway.port) as client:
        await client.send(head.encode() + b"content-length: 99000000\r\n\r\n")
        (answer,) = await client.read_answers(1, 5)
        assert (answer.status, b"file_too_large" in answer.body) == (413, True)
    async with RawClient(gateway.port) as client:
        chunk = b"40000\r\n" + b"x" * 0x40000 + b"\r\n"
        await client.send(head.encode() + b"transfer-encoding: chunked\r\n\r\n" + chunk * 17)
        (answer,) = await client.read_answers(1, 5)
        assert (answer.status, b"file_too_large" in answer.body) == (413, True)


async def test_other_methods_are_told_which_ones_are_right(gateway: GatewayProcess) -> None:
    for path, allow in (("/v1/files", "GET, POST"), ("/v1/files/file-1", "DELETE, GET"),
                        ("/v1/batches/x/cancel", "POST")):
        async with RawClient(gateway.port) as client:
            await client.send(f"PUT {path} HTTP/1.1\r\nhost: g\r\n\r\n".encode())
            (answer,) = await client.read_answers(1, 5)
        assert (answer.status, answer.header("allow")) == (405, allow)


ASKED: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": [{"role": "user", "content": "hello"}]},
    "/v1/completions": {"prompt": "hello"},
    "/v1/embeddings": {"input": "hello"},
    "/v1/responses": {"input": "hello"},
    "/v1/messages": {"messages": [{"role": "user", "content": "hello"}], "max_tokens": 4},
    "/v1/rerank": {"query": "hello", "documents": ["a", "b"]},
    "/v1/score": {"text_1": "hello", "text_2": "a"},
}  # fmt: skip


async def test_every_endpoint_is_answered_and_what_is_asked_is_what_was_written(
    client: openai.AsyncOpenAI, fake: FakeVLLM
) -> None:
    assert ASKED.keys() == ENDPOINTS.keys()
    batches = {}
    for endpoint, body in ASKED.items():
        lines = jsonl({"custom_id": "1", "method": "POST", "url": endpoint, "body": {"model": "m", **body}})
        sent = await client.files.create(file=("in.jsonl", lines), purpose="batch")
        asked: Any = {"input_file_id": sent.id, "endpoint": endpoint, "completion_window": "24h"}
        batches[endpoint] = (await client.batches.create(**asked)).id
    for endpoint, batch_id in batches.items():
        batch = await ended(client, batch_id)
        assert (endpoint, batch.status, batch.request_counts.completed) == (endpoint, "completed", 1)
    for request in fake.inference:
        body = ASKED[request.path]
        assert {name: value for name, value in request.json.items() if name in body} == body
