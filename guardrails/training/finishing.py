"""Finishing: a trained model is put on a scale, measured on texts unlike its training data, and described."""

import sys
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec

from guardrails.evaluation.areas import auroc, average_precision
from guardrails.evaluation.ranking import Scores, ranked
from guardrails.scores.knots import Knots
from guardrails.training.calibration import ALLOWED, Trial, halves, scales
from guardrails.training.cards import card
from guardrails.training.rows import FILES, OUTPUTS, given

VERSION = "3"
WINDOW_TOKENS, OVERLAP_TOKENS = 254, 32
SHIPPED = 0.5


class Reads(Protocol):
    """A model that says what it gives for texts, by output."""

    def by_output(self, texts: Sequence[str]) -> Sequence[Mapping[str, float]]: ...


class Figure(NamedTuple):
    """``of`` how many texts; ``low`` and ``high`` are the ends of a 95 % interval where there is one."""

    name: str
    value: float
    of: int
    low: float | None = None
    high: float | None = None


def tell(step: Mapping[str, Any]) -> None:
    """A line of JSON on standard output, for whoever watches."""
    sys.stdout.write(msgspec.json.encode(step).decode() + "\n")
    sys.stdout.flush()


def finish(name: str, folder: Path, file: str, seed: int, data: Path, model: Reads) -> None:
    """Writes ``NAME.json`` and ``CARD.md`` beside the model's ``file``."""
    tell({"step": "calibration", "done": 0, "total": 1})
    ordinary = [row.text for row in given(data, "dev") if not any(row.targets) and _is_prompt(row.source)]
    scores = scales(model.by_output, ordinary, ALLOWED[name])
    figures = measured(model, {output: Knots(points) for output, points in scores.items()})
    digest = sha256((folder / file).read_bytes()).hexdigest()
    described = {"name": name, "version": VERSION, "outputs": OUTPUTS, "scores": scores, "file": file, "sha256": digest,
                 "seed": seed, "data_sha256": data_digest(data), "licence": "Apache-2.0",
                 "window_tokens": WINDOW_TOKENS, "overlap_tokens": OVERLAP_TOKENS,
                 "figures": [figure._asdict() for figure in figures]}
    (folder / f"{name}.json").write_bytes(msgspec.json.format(msgspec.json.encode(described), indent=1) + b"\n")
    (folder / "CARD.md").write_text(card(name, described, (folder / file).stat().st_size))
    tell({"written": str(folder), "sha256": digest, "figures": {figure.name: figure.value for figure in figures}})


def _is_prompt(source: str) -> bool:
    return source.startswith(("oasst", "gpteacher", "self-instruct", "gsm8k", "awesome"))


def data_digest(folder: Path) -> str:
    """Of the files that were learned from, in their order."""
    digest = sha256()
    for name in FILES:
        digest.update((folder / f"{name}_train.jsonl").read_bytes())
    digest.update((folder / "injection_hard_negatives.jsonl").read_bytes())
    return digest.hexdigest()


def measured(model: Reads, scale: Mapping[str, Knots]) -> list[Figure]:
    """On the halves of the trials that nothing was chosen by."""
    def scores(rows: Sequence[Trial], output: str) -> list[float]:
        return [scale[output].score(one[output]) for one in model.by_output([row.text for row in rows])]

    def alarms(rows: Sequence[Trial], output: str) -> float:
        return sum(score >= SHIPPED for score in scores(rows, output)) / len(rows)

    found: list[Figure] = []
    for name, output in (("moderation", "toxicity"), ("hate_functions", "toxicity"), ("injection", "injection")):
        rows = halves(name)[1]
        ranking = _ranked(rows, scores(rows, output))
        for told, area in ((f"{name} AUROC", auroc(ranking)), (f"{name} AUPRC", average_precision(ranking))):
            assert area is not None  # there are rows of both kinds
            ends = round(area.interval.low, 4), round(area.interval.high, 4)
            found.append(Figure(told, round(area.value, 4), len(rows), *ends))
    direct = [row for row in halves("injection")[1] if row.label and ":direct" in row.source]
    found.append(Figure("injection: recall on direct attacks", round(alarms(direct, "injection"), 4), len(direct)))
    positive = [row for row in halves("moderation")[1] if row.label]
    found.append(Figure("toxicity: recall on moderation", round(alarms(positive, "toxicity"), 4), len(positive)))
    harmless = {"ordinary prompts": halves("ordinary")[1], "prompts that look unsafe": halves("looks_unsafe")[1],
                "trigger words": [row for row in halves("injection")[1] if "trigger" in row.source]}
    return [*found, *(Figure(f"{output}: false alarms, {kind}", round(alarms(rows, output), 4), len(rows))
                      for kind, rows in harmless.items() for output in ("toxicity", "injection"))]


def _ranked(rows: Sequence[Trial], scores: Sequence[float]) -> Any:
    both = Scores()
    for row, score in zip(rows, scores, strict=True):
        both.add(bool(row.label), score)
    return ranked([both])
