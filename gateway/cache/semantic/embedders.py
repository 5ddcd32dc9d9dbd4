"""The embedders that a cache asks for vectors: sentence models of the classifier process, and versions of the routing
that answer ``/v1/embeddings``."""

from collections.abc import Callable
from math import isfinite, sqrt
from struct import pack
from typing import Protocol

import msgspec

from gateway.config.routing_document import EmbeddingVersion, SemanticDocument
from gateway.snapshot import Snapshot, Target
from guardrails.classifiers.classifier import ClassifierAway, Vector
from guardrails.detectors.detector import Overloaded
from models.asking import Asking
from models.endpoint import Endpoint
from models.protocol.document import encode_document
from models.upstream import Patience, UpstreamFailure
from routing.balancing import choose

PATH = "/v1/embeddings"
CONNECT_SECONDS = 1.0
MAX_REPLY_BYTES = 1 << 20
AT_ONCE = 64  # questions to one worker's embedding versions: who asks while they are all out has no vector


class NoVector(Exception):
    """``why``: unreadable, away, or late."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Embeds(Protocol):
    """The classifier process, as it is asked for vectors."""

    async def embed(self, classifier: str, texts: list[str], seconds: float) -> list[Vector]: ...


class _Datum(msgspec.Struct):
    embedding: list[float]


class _Embeddings(msgspec.Struct):
    data: list[_Datum]


class Embedders:
    """``classifiers`` is None where no such process is configured."""

    def __init__(self, classifiers: Embeds | None, random: Callable[[], float] = lambda: 0.0) -> None:
        self._classifiers = classifiers
        self._random = random
        self._out = 0

    async def embed(self, snapshot: Snapshot, semantic: SemanticDocument, text: str) -> Vector:
        """Of length one. Raises NoVector."""
        if isinstance(semantic.embedder, EmbeddingVersion):
            target = snapshot.embedders.get(semantic.embedder.version)
            if target is None or self._out >= AT_ONCE:
                raise NoVector("away")
            return await self._from_version(target, text)
        return await self._from_classifier(semantic.embedder, text, float(semantic.time))

    async def _from_classifier(self, name: str, text: str, seconds: float) -> Vector:
        if self._classifiers is None:
            raise NoVector("away")
        try:
            [vector] = await self._classifiers.embed(name, [text], seconds)
        except TimeoutError:
            raise NoVector("late") from None
        except (ClassifierAway, Overloaded):
            raise NoVector("away") from None
        if not vector.values:
            raise NoVector("unreadable")
        return vector

    async def _from_version(self, target: Target, text: str) -> Vector:
        self._out += 1
        try:
            reply = await _asked(target, choose(target.endpoints, self._random), text).reply()
        except UpstreamFailure:
            raise NoVector("away") from None
        finally:
            self._out -= 1
        if reply.status != 200:
            raise NoVector("away")
        return Vector(target.digest.encode(), _unit(reply.body))


def _asked(target: Target, endpoint: Endpoint, text: str) -> Asking:
    version = target.version
    body = encode_document({"model": version.served_model, **version.defaults, "input": [text],
                            "encoding_format": "float"})
    request = b"%bcontent-length: %d\r\n\r\n%b" % (target.heads[PATH, endpoint.url], len(body), body)
    return Asking(endpoint, request, Patience(CONNECT_SECONDS), MAX_REPLY_BYTES)


def _unit(body: bytes) -> bytes:
    """The vector in a reply, brought to length one. Raises NoVector where there is none."""
    try:
        values = msgspec.json.decode(body, type=_Embeddings).data[0].embedding
        length = sqrt(sum(value * value for value in values))
    except (msgspec.MsgspecError, IndexError, OverflowError):
        raise NoVector("unreadable") from None
    if not length or not isfinite(length):
        raise NoVector("unreadable")
    return pack(f"<{len(values)}f", *(value / length for value in values))
