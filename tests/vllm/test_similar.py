"""The semantic cache before real servers: a chat by one vLLM, the vectors by another."""

import pytest
from openai import OpenAI

from tests.vllm.conftest import Gateway, StartGateway, version
from tests.vllm.processes import Server
from tests.vllm.wire import metric

pytestmark = pytest.mark.vllm


@pytest.fixture(scope="module")
def gateway(start_gateway: StartGateway, vllm: Server, embeddings: Server) -> Gateway:
    semantic = {"threshold": 0.85, "embedder": {"version": "minilm"}, "time": "2s", "recheck": 0}
    return start_gateway({
        "versions": {"smol-1": version(vllm), "minilm": version(embeddings, served_model="minilm")},
        "models": {"assistant": {"split": {"smol-1": 1}, "cache": {"ttl": "10m", "semantic": semantic}}},
    })


def said(client: OpenAI, question: str, **more: object) -> tuple[str, str | None]:
    """What the cache did, and what was answered."""
    raw = client.chat.completions.with_raw_response.create(
        model="assistant", messages=[{"role": "user", "content": question}], temperature=0, max_tokens=24,
        extra_body=more)
    return str(raw.headers["x-gatewright-cache"]), raw.parse().choices[0].message.content


def test_the_same_in_other_words_is_answered_once(gateway: Gateway, vllm: Server) -> None:
    with OpenAI(base_url=f"{gateway.url}/v1", api_key="none") as client:
        verdict, answer = said(client, "What is the capital of France?")
        assert verdict == "miss"
        asked = metric(vllm.url, "vllm:request_success_total")
        assert said(client, "What's the capital city of France?") == ("similar", answer)
        assert metric(vllm.url, "vllm:request_success_total") == asked
        assert said(client, "What is the capital of Norway?")[0] == "miss"
        assert said(client, "What's the capital city of France?", seed=7)[0] == "miss"
