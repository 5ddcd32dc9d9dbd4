"""Embeddings that are asked for at the same time go to a real server in few calls, and each client gets its own."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.client import HTTPConnection

import pytest
from openai import OpenAI
from openai.types import CreateEmbeddingResponse

from tests.vllm.conftest import Gateway, StartGateway
from tests.vllm.processes import Server
from tests.vllm.wire import metric

pytestmark = pytest.mark.vllm

TEXTS = [f"The keeper of lighthouse number {number} " + "wrote another letter. " * (number % 7) for number in range(96)]


@pytest.fixture(scope="module")
def gateway(start_gateway: StartGateway, embeddings: Server) -> Gateway:
    return start_gateway({
        "versions": {"minilm": {"served_model": "minilm", "endpoints": [embeddings.url]}},
        "models": {"minilm": {"split": {"minilm": 1}}},
    })


def client_of(server: Server) -> OpenAI:
    return OpenAI(base_url=f"{server.url}/v1", api_key="none")


@pytest.fixture
def direct(embeddings: Server) -> Iterator[OpenAI]:
    with client_of(embeddings) as client:
        yield client


@pytest.fixture
def through(gateway: Gateway) -> Iterator[OpenAI]:
    with client_of(gateway) as client:
        yield client


def calls(embeddings: Server) -> float:
    return metric(embeddings.url, "http_requests_total", handler="/v1/embeddings")


def embedded(client: OpenAI, text: str) -> CreateEmbeddingResponse:
    return client.embeddings.create(model="minilm", input=text, encoding_format="float")


def all_at_once(gateway: Gateway, texts: list[str]) -> list[CreateEmbeddingResponse]:
    """Every request is on its way before the first answer is read."""
    with ExitStack() as stack:
        connections = [stack.enter_context(closing(HTTPConnection(gateway.url.removeprefix("http://")))) for _ in texts]
        for connection in connections:
            connection.connect()
        for connection, text in zip(connections, texts, strict=True):
            connection.request("POST", "/v1/embeddings", json.dumps({"model": "minilm", "input": text}),
                               {"content-type": "application/json"})
        return [CreateEmbeddingResponse.model_validate_json(connection.getresponse().read())
                for connection in connections]


def test_many_at_once_are_few_calls_and_each_gets_its_own(direct: OpenAI, gateway: Gateway, embeddings: Server) -> None:
    expected = [embedded(direct, text) for text in TEXTS]
    before = calls(embeddings)
    found = all_at_once(gateway, TEXTS)
    assert 0 < calls(embeddings) - before < len(TEXTS) / 2
    for own, alone in zip(found, expected, strict=True):
        assert len(own.data) == 1
        assert own.data[0].index == 0
        # A server that reads several texts side by side adds up in another order.
        assert own.data[0].embedding == pytest.approx(alone.data[0].embedding, abs=1e-4)
    assert sum(own.usage.prompt_tokens for own in found) == sum(alone.usage.prompt_tokens for alone in expected)


def test_one_that_the_server_refuses_spoils_no_other(direct: OpenAI, through: OpenAI) -> None:
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
