"""Embeddings that are asked for at the same time go to a real server in few calls, and each client gets its own."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from openai import OpenAI
from openai.types import CreateEmbeddingResponse

from guardrails.classifiers.embedding import model_folder
from models.engine import Engine, KvCache
from tests.vllm.conftest import Gateway, Start, StartGateway
from tests.vllm.processes import Server
from tests.vllm.wire import metric

pytestmark = pytest.mark.vllm

TEXTS = [f"The keeper of lighthouse number {number} " + "wrote another letter. " * (number % 7) for number in range(96)]


@pytest.fixture(scope="module")
def server(start_vllm: Start) -> Server:
    # It keeps nothing of a text: there is no prefix to find again.
    kv_cache = KvCache(memory_bytes=64 << 20, prefix_caching=False)
    started = start_vllm(Engine(model=str(model_folder()), served_names=("minilm",), device="cpu", dtype="float32",
                                enforce_eager=True, kv_cache=kv_cache, extra_args=("--runner", "pooling")),
                         "embeddings")
    started.ready()
    return started


@pytest.fixture(scope="module")
def gateway(start_gateway: StartGateway, server: Server) -> Gateway:
    # The threads of the clients below share one interpreter: they ask one after the other, a millisecond apart.
    return start_gateway({
        "versions": {"minilm": {"served_model": "minilm", "endpoints": [server.url]}},
        "models": {"minilm": {"split": {"minilm": 1}, "gather": {"wait": "10ms"}}},
    })


@pytest.fixture
def clients(server: Server, gateway: Gateway) -> Iterator[tuple[OpenAI, OpenAI]]:
    with OpenAI(base_url=f"{server.url}/v1", api_key="none") as direct, \
            OpenAI(base_url=f"{gateway.url}/v1", api_key="none") as through:
        yield direct, through


def calls(server: Server) -> float:
    return metric(server.url, "http_requests_total", handler="/v1/embeddings")


def embedded(client: OpenAI, text: str) -> CreateEmbeddingResponse:
    return client.embeddings.create(model="minilm", input=text, encoding_format="float")


def test_many_at_once_are_few_calls_and_each_gets_its_own(clients: tuple[OpenAI, OpenAI], server: Server) -> None:
    direct, through = clients
    expected = [embedded(direct, text) for text in TEXTS]
    before = calls(server)
    with ThreadPoolExecutor(32) as threads:
        found = list(threads.map(lambda text: embedded(through, text), TEXTS))
    made = calls(server) - before
    assert 0 < made < len(TEXTS) / 2
    for own, alone in zip(found, expected, strict=True):
        assert len(own.data) == 1
        assert own.data[0].index == 0
        # A server that reads several texts side by side adds up in another order.
        assert own.data[0].embedding == pytest.approx(alone.data[0].embedding, abs=1e-4)
    assert sum(own.usage.prompt_tokens for own in found) == sum(alone.usage.prompt_tokens for alone in expected)


def test_one_that_the_server_refuses_spoils_no_other(clients: tuple[OpenAI, OpenAI]) -> None:
    direct, through = clients
    texts = [*TEXTS[:15], "word " * 2000]

    def tried(text: str) -> list[float] | str:
        try:
            return embedded(through, text).data[0].embedding
        except Exception as error:
            return type(error).__name__

    with ThreadPoolExecutor(16) as threads:
        *good, refused = threads.map(tried, texts)
    assert refused == "BadRequestError"
    for vector, text in zip(good, texts, strict=False):
        assert vector == pytest.approx(embedded(direct, text).data[0].embedding, abs=1e-4)
