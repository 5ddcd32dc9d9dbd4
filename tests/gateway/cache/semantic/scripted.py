"""Vectors as a test says them: the first word of a text is what it is about, each further word turns it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import numpy as np

from gateway.config.routing_document import SemanticDocument
from gateway.snapshot import Snapshot
from guardrails.classifiers.classifier import Vector
from tests.gateway.cache.hand import Client

LENGTH = 16


def direction(word: str) -> Any:
    seed = int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "big")
    return unit(np.random.default_rng(seed).normal(size=LENGTH))


def unit(vector: Any) -> Any:
    return (vector / np.linalg.norm(vector)).astype("<f4")


def vector_of(text: str) -> bytes:
    about, *more = text.lower().rstrip(".").split()
    found: bytes = unit(direction(about) + 0.1 * sum((direction(word) for word in more), np.zeros(LENGTH))).tobytes()
    return found


class ScriptedEmbedders:
    """``fails`` is raised where a text is asked for; ``gate`` holds who asks."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fails: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.mark = b"scripted"
        self.vector: Callable[[str], bytes] = vector_of

    async def embed(self, snapshot: Snapshot, semantic: SemanticDocument, text: str) -> Vector:
        self.asked.append(text)
        await self.gate.wait()
        if self.fails is not None:
            raise self.fails
        return Vector(self.mark, self.vector(text))


async def told(client: Client) -> str:
    """What the cache did, once the reply is there."""
    for _ in range(200):
        if client.wire.writes:
            return client.cache
        await asyncio.sleep(0.001)
    raise AssertionError("no reply came")


