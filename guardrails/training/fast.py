"""Trains the bundled small model ``fast``: the same outputs as the transformer's, in microseconds.

    python -m guardrails.training.fast --data DIR --out DIR --teacher weights.pt [--seed 7]

A linear model over words, pairs of words and character n-grams that fastText's reader reads. It learns from labels
where pieces have them and from the transformer (Hinton et al., 2015, arXiv:1503.02531) everywhere.
"""

import argparse
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from guardrails.bundled import folder_of
from guardrails.scores.fast import NAME, Model
from guardrails.scores.lines import lines_of, pieces_of
from guardrails.training import fasttext_file
from guardrails.training.finishing import finish, tell
from guardrails.training.rows import OUTPUTS, UNKNOWN, Row, training_rows
from guardrails.training.teacher import Teacher

Array = NDArray[Any]

LEAST_SEEN = 2
MOST_WORDS = 40_000
DROPPED = 0.25  # of a line's features, so that no single one is relied on
BATCH = 256
RATE = 1.0
SHORTEST, LONGEST = 4, 5  # characters of a word's pieces
BUCKETS = 1 << 17
ASKED = 5000  # texts that the teacher is asked for at once
TRUST = 0.8  # in the teacher, where a label is known too


class Line(NamedTuple):
    text: str
    targets: tuple[float, ...]


def lines(rows: Sequence[Row]) -> list[tuple[str, Line]]:
    """The pieces of all rows: as they were written, and as lines. A row of several pieces says little of each."""
    found = []
    for row in rows:
        pieces = pieces_of(row.text)
        harmless = not any(row.targets)
        known = row.targets if len(pieces) == 1 or harmless else (UNKNOWN,) * len(OUTPUTS)
        found += [(piece, Line(lines_of(piece)[0], known)) for piece in pieces if piece.strip()]
    return found


def blended(known: Array, taught: Array | None) -> tuple[Array, Array]:
    """Targets and their weights: labels where they are, the teacher's where they are not, both where both are."""
    there = known != UNKNOWN
    if taught is None:
        return np.where(there, known, 0.0), there.astype(np.float32)
    both = np.where(there, (1 - TRUST) * known + TRUST * taught, taught)
    return both, np.ones_like(both)


def train(features: list[Array], count: int, targets: Array, weights: Array, epochs: int, rate: float,
          seed: int) -> Iterator[tuple[dict[str, Any], Tensor]]:
    """Yields how far it is, with the vectors so far."""
    random = np.random.default_rng(seed)
    torch.manual_seed(seed)
    bag = torch.nn.EmbeddingBag(count, len(OUTPUTS), mode="mean", sparse=True)
    torch.nn.init.zeros_(bag.weight)
    optimizer = torch.optim.Adagrad(bag.parameters(), lr=rate)
    began = time.monotonic()
    steps = -(-len(features) // BATCH)
    for epoch in range(epochs):
        order = random.permutation(len(features))
        losses = []
        for group in optimizer.param_groups:
            group["lr"] = rate * (1 - epoch / epochs)
        for step in range(steps):
            chosen = order[step * BATCH : (step + 1) * BATCH]
            kept = [_kept(features[number], random) for number in chosen]
            offsets = np.cumsum([0, *map(len, kept[:-1])])
            logits = bag(torch.from_numpy(np.concatenate(kept)), torch.from_numpy(offsets))
            losses_of = functional.binary_cross_entropy_with_logits(
                logits, torch.from_numpy(targets[chosen]), reduction="none")
            weight = torch.from_numpy(weights[chosen])
            loss = (losses_of * weight).sum() / weight.sum() * len(OUTPUTS)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        yield {"step": "epochs", "done": epoch + 1, "total": epochs, "loss": round(float(np.mean(losses)), 4),
               "seconds": round(time.monotonic() - began, 1)}, bag.weight.detach()


def _kept(features: Array, random: np.random.Generator) -> Array:
    chosen = features[random.random(len(features)) >= DROPPED]
    return chosen if len(chosen) else features


def vocabulary(texts: Sequence[str]) -> list[str]:
    counts = Counter(word for text in texts for word in text.split())
    return [fasttext_file.END, *(word for word, seen in counts.most_common(MOST_WORDS) if seen >= LEAST_SEEN)]


def write(folder: Path, features: fasttext_file.Features, vectors: Array) -> None:
    """Writes ``model.bin``. The vectors are the outputs already: what follows them changes nothing."""
    same = [[float(row == column) for column in range(len(OUTPUTS))] for row in range(len(OUTPUTS))]
    fasttext_file.write(folder / "model.bin", features, OUTPUTS, (row.tobytes() for row in vectors.astype("<f4")), same)


def pool(data: Path, seed: int, rounds: int) -> list[tuple[str, Line]]:
    """The lines to learn from: of several drawings of the rows, each once."""
    found: dict[str, tuple[str, Line]] = {}
    for number in range(rounds):
        for piece, line in lines(training_rows(data, seed * 1000 + number)):
            found.setdefault(line.text, (piece, line))
    return list(found.values())


def main() -> int:
    parser = argparse.ArgumentParser(prog="guardrails.training.fast", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of the given data")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--teacher", type=Path, default=folder_of("safety"), help="the transformer's folder")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=2, help="how often the rows are drawn")
    given = parser.parse_args()
    torch.set_num_threads(1)
    given.out.mkdir(parents=True, exist_ok=True)
    chosen = pool(given.data, given.seed, given.rounds)
    texts = [line.text for _, line in chosen]
    features = fasttext_file.Features(vocabulary(texts), SHORTEST, LONGEST, BUCKETS)
    read = [np.array(features.of(text), dtype=np.int64) for text in texts]
    tell({"step": "lines", "done": len(read), "total": len(read), "features": features.count})
    teacher = Teacher(given.teacher)
    taught = np.concatenate([_told(teacher, [piece for piece, _ in chosen[start : start + ASKED]], start, len(chosen))
                             for start in range(0, len(chosen), ASKED)])
    known = np.array([line.targets for _, line in chosen], dtype=np.float32)
    targets, weights = blended(known, 1 / (1 + np.exp(-taught)))
    vectors = torch.zeros(0)
    for told, now in train(read, features.count, targets.astype(np.float32), weights.astype(np.float32),
                               given.epochs, RATE, given.seed):
        tell(told)
        vectors = now
    write(given.out, features, vectors.numpy())
    finish(NAME, given.out, "model.bin", given.seed, given.data, ModelLogits(given.out / "model.bin"))
    return 0


class ModelLogits:
    """What the written file gives, as the worker will hear it."""

    def __init__(self, path: Path) -> None:
        self._model = Model(path)

    def by_output(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        return [self._model.logits(text) for text in texts]


def _told(teacher: Teacher, texts: Sequence[str], done: int, total: int) -> Array:
    found = teacher.logits(texts)
    tell({"step": "teacher", "done": done + len(texts), "total": total})
    return found


if __name__ == "__main__":
    raise SystemExit(main())
