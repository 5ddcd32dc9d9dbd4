"""A server that says 200 and then refuses: vLLM checks some parameters only when its stream has begun."""

from pathlib import Path

import httpx2 as httpx

from tests.fakes.behaviour import Behaviour
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess, routing_to

# As vLLM 0.32 writes it, spaces and all.
REFUSED = (
    b'{"error": {"message": "Grammar error: Invalid type: nothing", "type": "BadRequestError", "param": null, '
    b'"code": 400}}'
)


def begins_with(error: bytes) -> Behaviour:
    return Behaviour(content_type="text/event-stream", body=b"data: " + error + b"\n\ndata: [DONE]\n\n")


async def asked(folder: Path, error: bytes) -> tuple[httpx.Response, int, str]:
    """Asks a gateway with two servers that both begin with `error`: its answer, the servers asked, who was blamed."""
    async with (
        FakeVLLM("m", default=begins_with(error)) as one,
        FakeVLLM("m", default=begins_with(error)) as two,
        GatewayProcess(folder, routing_to(one.url, two.url)) as gateway,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "x"}]}
        answer = await client.post(f"{gateway.base_url}/v1/chat/completions", json=body)
        (record,) = list(gateway.journaled())
        return answer, len(record.attempts), f"{record.outcome} {record.blame}"


async def test_a_caller_who_is_at_fault_is_told_so_by_the_status_and_by_one_server(tmp_path: Path) -> None:
    answer, attempts, verdict = await asked(tmp_path, REFUSED)
    assert (answer.status_code, answer.content) == (400, REFUSED)
    assert answer.headers["content-type"] == "application/json"
    assert attempts == 1
    assert verdict == "refused caller"


async def test_a_server_that_is_at_fault_is_left_for_another(tmp_path: Path) -> None:
    answer, attempts, verdict = await asked(tmp_path, REFUSED.replace(b"400", b"500"))
    assert answer.status_code == 502
    assert attempts == 2
    assert verdict == "failed upstream"
