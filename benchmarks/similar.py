"""What a look for a similar question costs: its vector, its traits, and the neighbours among so many.

    python -m benchmarks.similar
"""

import os
import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the classifier process has it

import numpy as np

from benchmarks.question_pairs import pairs_of
from gateway.cache.semantic.neighbours import Neighbours
from gateway.cache.semantic.traits import traits_of
from guardrails.classifiers.embedding import model_folder
from guardrails.classifiers.encoder import Encoder
from guardrails.classifiers.sentences import MINILM, Sentences

VECTORS = (100, 1000, 10_000)
TIMES = 300


def main() -> None:
    texts = list(dict.fromkeys(pair.a for pair in pairs_of("test")))
    sentences = Sentences(MINILM, model_folder(), Encoder.in_folder(model_folder()))
    loads = [os.getloadavg()[0]]
    told = {"a vector (one question at a time)": seconds_of(lambda text: vector_of(sentences, text), texts),
            "its traits": seconds_of(traits_of, texts)}
    asked = np.frombuffer(vector_of(sentences, texts[0]), "<f4")
    for count in VECTORS:
        told[f"the nearest of {count} vectors"] = seconds_of_nearest(filled(count, len(asked)), asked.tobytes(), texts)
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


if __name__ == "__main__":
    main()
