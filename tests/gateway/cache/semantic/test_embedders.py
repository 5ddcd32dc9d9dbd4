"""Embedders: vectors of length one from the classifier process or from a version; whatever fails has a word."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from struct import unpack
from typing import Any

import pytest

from gateway.cache.semantic.embedders import AT_ONCE, Embedders, NoVector
from gateway.config.routing_document import EmbeddingVersion, SemanticDocument
from gateway.snapshot import Snapshot
from guardrails.classifiers.classifier import ClassifierAway, Vector
from guardrails.detectors.detector import Overloaded
from models.endpoint import Endpoint, Endpoints
from tests.fakes.behaviour import Behaviour
from tests.fakes.upstream import FakeVLLM
from tests.gateway.exchanges import snapshot_of

BY_VERSION = SemanticDocument(threshold=0.9, embedder=EmbeddingVersion("vectors"))
BY_CLASSIFIER = SemanticDocument(threshold=0.9)
EMPTY = Snapshot(1, "d", 0.0, {})


class Classifiers:
    """The classifier process, in a test's hand."""

    def __init__(self, answer: Vector | Exception) -> None:
        self.answer = answer
        self.asked: list[tuple[str, list[str], float]] = []

    async def embed(self, classifier: str, texts: list[str], seconds: float) -> list[Vector]:
        self.asked.append((classifier, texts, seconds))
        if isinstance(self.answer, Exception):
            raise self.answer
        return [self.answer]


@pytest.fixture
async def endpoints() -> AsyncIterator[Endpoints]:
    loop = asyncio.get_running_loop()
    endpoints = Endpoints(lambda place: Endpoint(place, loop=loop, time=loop.time))
    yield endpoints
    endpoints.close()
    await asyncio.sleep(0)


def routed_to(endpoints: Endpoints, url: str, **version: Any) -> Snapshot:
    document = {
        "versions": {"v1": {"served_model": "s", "endpoints": ["http://127.0.0.1:9"]},
                     "vectors": {"served_model": "m", "endpoints": [url], **version}},
        "models": {"m": {"split": {"v1": 1}, "cache": {"ttl": "1m", "semantic": {
            "threshold": 0.9, "embedder": {"version": "vectors"}}}}}}
    return snapshot_of(document, endpoints, secrets={"KEY": "sk-vectors"})


async def why(embedders: Embedders, snapshot: Snapshot = EMPTY, semantic: SemanticDocument = BY_CLASSIFIER) -> str:
    with pytest.raises(NoVector) as error:
        await embedders.embed(snapshot, semantic, "hello")
    return error.value.why


async def test_the_classifier_process_is_asked_within_the_looks_time() -> None:
    classifiers = Classifiers(Vector(b"mark", b"1234"))
    assert await Embedders(classifiers).embed(EMPTY, BY_CLASSIFIER, "hello") == Vector(b"mark", b"1234")
    assert classifiers.asked == [("minilm", ["hello"], 0.05)]
    assert type(classifiers.asked[0][2]) is float


@pytest.mark.parametrize(("answer", "told"), [
    (TimeoutError(), "late"), (ClassifierAway("loading"), "away"), (Overloaded(), "away"),
    (Vector(b"mark", b""), "unreadable"),
])
async def test_what_the_process_does_not_say_has_a_word(answer: Any, told: str) -> None:
    assert await why(Embedders(Classifiers(answer))) == told


async def test_without_such_a_process_there_is_no_vector() -> None:
    assert await why(Embedders(None)) == "away"


async def test_a_version_is_asked_under_its_name_and_key_and_its_vector_brought_to_length_one(
        endpoints: Endpoints) -> None:
    async with FakeVLLM("m", api_key="sk-vectors") as fake:
        fake.script(Behaviour(body=json.dumps({"data": [{"index": 0, "embedding": [3.0, 4.0]}]}).encode()))
        snapshot = routed_to(endpoints, fake.url, api_key_env="KEY")
        vector = await Embedders(None).embed(snapshot, BY_VERSION, "hello")
        assert unpack("<2f", vector.values) == pytest.approx((0.6, 0.8))
        assert vector.mark == snapshot.embedders["vectors"].digest.encode()
        [sent] = fake.inference
        assert (sent.path, json.loads(sent.body)) == (
            "/v1/embeddings", {"model": "m", "input": ["hello"], "encoding_format": "float"})


@pytest.mark.parametrize("body", [b"no JSON", b"{}", b'{"data": []}', b'{"data": [{"embedding": [0.0, 0.0]}]}',
                                  b'{"data": [{"embedding": "AAAA"}]}', b'{"data": [{"embedding": [1e308, 1e308]}]}'])
async def test_what_is_no_vector_is_unreadable(endpoints: Endpoints, body: bytes) -> None:
    async with FakeVLLM("m") as fake:
        fake.script(Behaviour(body=body))
        assert await why(Embedders(None), routed_to(endpoints, fake.url), BY_VERSION) == "unreadable"


async def test_a_version_that_fails_or_is_not_there_is_away(endpoints: Endpoints) -> None:
    async with FakeVLLM("m") as fake:
        fake.script(Behaviour(status=500))
        assert await why(Embedders(None), routed_to(endpoints, fake.url), BY_VERSION) == "away"
    assert await why(Embedders(None), routed_to(endpoints, "http://127.0.0.1:9"), BY_VERSION) == "away"
    assert await why(Embedders(None), EMPTY, BY_VERSION) == "away"


async def test_who_asks_while_too_many_are_out_has_no_vector(endpoints: Endpoints) -> None:
    async with FakeVLLM("m") as fake:
        embedders, snapshot = Embedders(None), routed_to(endpoints, fake.url)
        waiting = [asyncio.ensure_future(embedders.embed(snapshot, BY_VERSION, "hello")) for _ in range(AT_ONCE)]
        await asyncio.sleep(0)
        assert await why(embedders, snapshot, BY_VERSION) == "away"
        assert len({vector.values for vector in await asyncio.gather(*waiting)}) == 1
        assert (await embedders.embed(snapshot, BY_VERSION, "hello")).values
        endpoints.close()
