"""The rows that the safety models learn from: the given data, texts made from templates, and mixtures of both.

A row has a target for each output of a model: how true it is, from 0 to 1, or UNKNOWN where nobody has said.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import msgspec

from guardrails.training import injection_templates, toxicity_texts
from guardrails.training.disguises import disguised

OUTPUTS = ("toxicity", "hate", "harassment", "sexual", "violence", "self_harm", "injection", "illicit")
CATEGORIES = OUTPUTS[1:6]
UNKNOWN = -1.0
FILES = ("toxicity", "injection", "harmful_request", "benign_prompts")
LONGEST = 1000  # characters of a row; what comes behind is left out


class Row(NamedTuple):
    """``targets`` in the order of OUTPUTS."""

    text: str
    targets: tuple[float, ...]
    source: str


def targets(known: Mapping[str, float], others: float) -> tuple[float, ...]:
    return tuple(known.get(output, others) for output in OUTPUTS)


HARMLESS = targets({}, 0.0)


def given(folder: Path, split: str) -> list[Row]:
    """The rows of the given data: ``split`` is train or dev. Raises FileNotFoundError."""
    found: list[Row] = []
    for name in FILES:
        for line in (folder / f"{name}_{split}.jsonl").read_bytes().splitlines():
            row = _given(name, msgspec.json.decode(line))
            if row is not None:
                found.append(row)
    return found


def _given(name: str, line: Mapping[str, Any]) -> Row | None:
    source, cls, positive = line["source"], line.get("cls", ""), bool(line["label"])
    known = _known(name, source, cls, positive)
    return None if known is None else Row(line["text"][:LONGEST], known, f"{source}:{cls}" if cls else source)


def _known(name: str, source: str, cls: str, positive: bool) -> tuple[float, ...] | None:
    """What a label of the data says about each output; None where too little to learn from."""
    if name == "toxicity":
        return _known_toxicity(source, cls, positive)
    if name == "injection":
        return targets({"injection": 1.0, "illicit": UNKNOWN}, UNKNOWN) if positive else HARMLESS
    if name == "harmful_request":
        return targets({"illicit": 1.0, "injection": 0.0, "self_harm": UNKNOWN}, UNKNOWN)
    return HARMLESS


def _known_toxicity(source: str, cls: str, positive: bool) -> tuple[float, ...] | None:
    if source.startswith("realtoxicityprompts") or (source == "cat-large-wikipedia" and positive):
        return None  # what is meant there shows in how the text goes on, or was one rater's opinion
    if not positive:
        return HARMLESS
    rest = {"self_harm": 0.0, "injection": 0.0, "illicit": 0.0}
    if cls == "hate" or source == "toxigen-prompts":
        return targets({"toxicity": 1.0, "hate": 1.0, **rest}, UNKNOWN)
    if cls == "offensive":
        return targets({"toxicity": 0.85, "hate": 0.15, **rest}, UNKNOWN)
    return targets({"toxicity": 1.0, "harassment": 0.8, **rest}, UNKNOWN)


def made(count: int, random: Random) -> list[Row]:
    """Rows of texts from templates."""
    return [Row(one.text, targets({"toxicity": float(bool(one.labels)), **dict.fromkeys(one.labels, 1.0)}, 0.0),
                f"made:{one.kind}") for one in toxicity_texts.texts(count, random)]


def injections(count: int, random: Random) -> list[Row]:
    """Rows of attacks from templates, and of what has their words."""
    attack = targets({"injection": 1.0}, UNKNOWN)
    return [Row(one.text, attack if one.attack else HARMLESS, f"injection:{one.kind}")
            for one in injection_templates.texts(count, random)]


# How many rows of a source are taken at most: some are large and all alike.
_MOST = {"davidson2017:offensive": 2500, "cat-large-wikipedia": 9000, "s-labs-prompt-injection": 5000,
         "gpteacher-codegen": 1500}


def balanced(rows: Iterable[Row], random: Random) -> list[Row]:
    """The rows, in an order of their own, with no more of a source than is good."""
    shuffled = list(rows)
    random.shuffle(shuffled)
    counts: dict[str, int] = {}
    found = []
    for row in shuffled:
        counts[row.source] = counts.get(row.source, 0) + 1
        if counts[row.source] <= _MOST.get(row.source, len(shuffled)):
            found.append(row)
    return found


def joined(rows: Iterable[Row]) -> Row:
    """One text after the other: what holds of one holds of all."""
    parts = list(rows)
    text = " ".join(part.text.strip() for part in parts)
    return Row(text, tuple(map(_worst, zip(*(part.targets for part in parts), strict=True))), "mixed")


def _worst(values: tuple[float, ...]) -> float:
    most = max(values)
    return UNKNOWN if UNKNOWN in values and most < 0.5 else most


def mixtures(rows: list[Row], count: int, random: Random) -> Iterator[Row]:
    """Texts of several sentences, most of them harmless throughout or with one that is not: so that a long text is not
    judged by its length, nor by how it begins."""
    short = [row for row in rows if len(row.text) <= 300 and not row.source.startswith("mixed")]
    harmless = [row for row in short if row.targets == HARMLESS]
    for _ in range(count):
        parts = [random.choice(harmless) for _ in range(random.randint(1, 4))]
        if random.random() < 0.5:
            parts.insert(random.randint(0, len(parts)), random.choice(short))
        yield joined(parts)


def is_made(row: Row) -> bool:
    """From a template, and nothing else."""
    return row.source.startswith(("made:", "injection:"))


def training_rows(folder: Path, seed: int, made_count: int = 34_000,
                  injection_count: int = 16_000, mixed_share: float = 0.3) -> list[Row]:
    """All rows to learn from, in random order; the same for the same seed and data."""
    random = Random(seed)
    rows = balanced(given(folder, "train"), random)
    hard = [Row(msgspec.json.decode(line)["text"], HARMLESS, "hard-negatives")
            for line in (folder / "injection_hard_negatives.jsonl").read_bytes().splitlines()]
    templates = made(made_count, random)
    scarce = [row for row in templates if row.source in _SCARCE]
    rows += hard + templates + scarce * 3 + injections(injection_count, random)
    rows += list(mixtures(rows, round(mixed_share * len(rows)), random))
    rows = [row._replace(text=disguised(row.text, random)) if random.random() < 0.15 else row for row in rows]
    random.shuffle(rows)
    return [row._replace(text=row.text[:LONGEST]) for row in rows if row.text.strip()]


# What looks like harm and is none, and has few templates: seen more often.
_SCARCE = frozenset({"made:not_sexual", "made:not_self_harm", "made:not_violence", "made:not_harass",
                     "made:looks_unsafe", "made:better", "made:tender"})
