"""POST /v1/embeddings, /v1/rerank and /v1/score: three views of one vector for each text.

The vector is the mean of the model's last hidden states. That is a real use of what the model computes, but no trained
embedding: texts of a kind are near each other, yet so are most texts.
"""

import asyncio
import base64
import struct
from collections.abc import Sequence
from itertools import chain

from starlette.requests import Request
from starlette.responses import Response

from models.demo.errors import BadRequest
from models.demo.generation import embed
from models.demo.routes.exchange import service_of, unless_gone, whole, wish_of
from models.demo.service import Service, request_id
from models.demo.wire.pooling import (
    EmbeddingData,
    EmbeddingReply,
    EmbeddingRequest,
    PoolingUsage,
    RerankDocument,
    RerankReply,
    RerankRequest,
    RerankResult,
    RerankUsage,
    Score,
    ScoreReply,
    ScoreRequest,
)

Vector = Sequence[float]


async def embeddings(request: Request) -> Response:
    service, wish = service_of(request), await wish_of(request, EmbeddingRequest)
    service.check_model(wish.model)
    if wish.dimensions is not None:
        raise BadRequest(f'Model "{service.name}" does not support matryoshka representation, '
                         "changing output dimensions will lead to poor results.")  # fmt: skip
    inputs = [_tokens(service, wish, each) for each in wish.inputs()]
    vectors = await unless_gone(request, _vectors(service, inputs))
    data = [EmbeddingData(index=at, embedding=_encoded(each, wish)) for at, each in enumerate(vectors)]
    used = sum(map(len, inputs))
    name = f"embd-{request_id(request.headers, wish.request_id)}"
    reply = EmbeddingReply(
        id=name, created=service.now(), model=service.name, data=data, usage=PoolingUsage(used, used)
    )
    return whole(reply)


async def rerank(request: Request) -> Response:
    service, wish = service_of(request), await wish_of(request, RerankRequest)
    service.check_model(wish.model)
    pairs = [(wish.query, text) for text in wish.texts()]
    scores, used = await unless_gone(request, _scores(service, pairs))
    results = [RerankResult(at, RerankDocument(pairs[at][1]), score) for at, score in enumerate(scores)]
    results.sort(key=lambda result: result.relevance_score, reverse=True)
    kept = results[: wish.top_n] if wish.top_n > 0 else results
    name = f"score-{request_id(request.headers, wish.request_id)}"
    return whole(RerankReply(name, service.name, RerankUsage(used, used), kept))


async def score(request: Request) -> Response:
    service, wish = service_of(request), await wish_of(request, ScoreRequest)
    service.check_model(wish.model)
    scores, used = await unless_gone(request, _scores(service, wish.pairs()))
    data = [Score(index=at, score=value) for at, value in enumerate(scores)]
    name = f"score-{request_id(request.headers, wish.request_id)}"
    reply = ScoreReply(id=name, created=service.now(), model=service.name, data=data, usage=PoolingUsage(used, used))
    return whole(reply)


async def _scores(service: Service, pairs: Sequence[tuple[str, str]]) -> tuple[list[float], int]:
    """The cosine of each pair, and how many tokens were read. A text that comes several times is read once."""
    texts = list(dict.fromkeys(chain.from_iterable(pairs)))
    tokens = [service.encode(text, special=True) for text in texts]
    vectors = dict(zip(texts, await _vectors(service, tokens), strict=True))
    return [cosine(vectors[left], vectors[right]) for left, right in pairs], sum(map(len, tokens))


async def _vectors(service: Service, inputs: Sequence[list[int]]) -> list[list[float]]:
    return await asyncio.gather(*(embed(service.engine, tokens) for tokens in inputs))


def cosine(left: Vector, right: Vector) -> float:
    """Of two vectors of length 1."""
    return sum(one * other for one, other in zip(left, right, strict=True))


def _tokens(service: Service, wish: EmbeddingRequest, given: str | list[int]) -> list[int]:
    if isinstance(given, str):
        return service.encode(given, wish.add_special_tokens, wish.cut)
    return service.fit(given, wish.cut)


def _encoded(vector: list[float], wish: EmbeddingRequest) -> list[float] | str:
    if wish.encoding_format == "float":
        return vector
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
