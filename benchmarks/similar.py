"""What a look for a similar question costs: its vector, its traits, and the neighbours among so many; and how much
later a reply comes for it, through a whole gateway.

    python -m benchmarks.similar
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the classifier process has it

import numpy as np
import openai

from benchmarks.question_pairs import pairs_of
from gateway.cache.semantic.neighbours import Neighbours
from gateway.cache.semantic.traits import traits_of
from guardrails.classifiers.embedding import model_folder
from guardrails.classifiers.encoder import Encoder
from guardrails.classifiers.sentences import MINILM, Sentences
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess

VECTORS = (100, 1000, 10_000)
TIMES = 300
WARM = 30  # questions that are asked before


def main() -> None:
    texts = list(dict.fromkeys(pair.a for pair in pairs_of("test")))
    sentences = Sentences(MINILM, model_folder(), Encoder.in_folder(model_folder()))
    loads = [os.getloadavg()[0]]
    told = {"a vector (one question at a time)": seconds_of(lambda text: vector_of(sentences, text), texts),
            "its traits": seconds_of(traits_of, texts)}
    asked = np.frombuffer(vector_of(sentences, texts[0]), "<f4")
    for count in VECTORS:
        told[f"the nearest of {count} vectors"] = seconds_of_nearest(filled(count, len(asked)), asked.tobytes(), texts)
    told["a question that is not found is answered later by"] = asyncio.run(later_by(texts))
    loads.append(os.getloadavg()[0])
    for what, seconds in told.items():
        sys.stdout.write(f"{what}: {seconds * 1e6:,.0f} µs\n")
    sys.stdout.write(f"medians of {TIMES}; load of the machine {loads[0]:.1f} before, {loads[1]:.1f} after, "
                     f"{os.cpu_count()} cores\n")


def seconds_of(act: Callable[[str], object], texts: list[str]) -> float:
    taken = []
    for number in range(TIMES):
        began = perf_counter()
        act(texts[number % len(texts)])
        taken.append(perf_counter() - began)
    return median(taken)


def seconds_of_nearest(held: Neighbours, asked: bytes, texts: list[str]) -> float:
    return seconds_of(lambda _: held.nearest(b"p", asked, 0.9), texts)


def vector_of(sentences: Sentences, text: str) -> bytes:
    cut = sentences.cut(text)
    return sentences.conclude(text, cut.windows, sentences.read(cut.pieces)).values


def filled(count: int, length: int) -> Neighbours:
    held = Neighbours(1 << 30)
    drawn = np.random.default_rng(1).normal(size=(count, length))
    for number, row in enumerate(drawn / np.linalg.norm(drawn, axis=1, keepdims=True)):
        held.put(b"p", row.astype("<f4").tobytes(), number.to_bytes(32, "big"))
    return held


async def later_by(texts: list[str]) -> float:
    """New questions, asked of a model with ``semantic`` and of one without, in turn; the median of the differences."""
    async with FakeVLLM("m") as server:
        routing: dict[str, Any] = {
            "versions": {"v1": {"served_model": "m", "endpoints": [server.url]}},
            "models": {"plain": {"split": {"v1": 1}, "cache": {"ttl": "10m"}},
                       "similar": {"split": {"v1": 1}, "cache": {"ttl": "10m", "semantic": {
                           "threshold": 1, "time": "1s", "recheck": 0}}}}}
        with tempfile.TemporaryDirectory() as folder:
            async with GatewayProcess(Path(folder), routing, classifiers={"load": ["minilm"]}) as gateway:
                await gateway.until(lambda: '"event":"classifier_ready"' in gateway.log, "the sentence model", 60)
                return await _difference(gateway, texts[: WARM + TIMES])


async def _difference(gateway: GatewayProcess, texts: list[str]) -> float:
    differences = []
    async with openai.AsyncOpenAI(base_url=gateway.base_url + "/v1", api_key="any", max_retries=0) as client:
        for number, text in enumerate(texts):
            taken: dict[str, float] = {}
            for model in ("plain", "similar") if number % 2 else ("similar", "plain"):
                began = perf_counter()
                await client.chat.completions.create(
                    model=model, messages=[{"role": "user", "content": text}], temperature=0)
                taken[model] = perf_counter() - began
            differences.append(taken["similar"] - taken["plain"])
    return median(differences[WARM:])


if __name__ == "__main__":
    main()
