"""Labels: what a checkpoint calls what it finds, what policies call it, and what is no finding at all."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from guardrails.classifiers.settings import Task

_BENIGN = frozenset({
    "o", "ok", "none", "safe", "benign", "clean", "normal", "neutral", "harmless", "legit", "legitimate", "acceptable",
    "nothing", "unharmful", "nonharmful", "nontoxic", "nothate", "nooffense", "noninjection"})
_FIRST = "label0"
_POSITION = re.compile(r"([BILUSEM])[-_](?=.)")
_BEGINS = frozenset("BUS")


class Unlisted(ValueError):
    """A label that the checkpoint does not have. ``field``: labels or ignore."""

    def __init__(self, field: str, label: str, known: Sequence[str]) -> None:
        super().__init__(f"{field}: no label {label!r}")
        self.field, self.label, self.known = field, label, known


class Label(NamedTuple):
    """``own``: as the checkpoint has it, without its position in an entity, which ``begins`` tells. ``name``: what
    policies say; empty where it is no finding."""

    own: str
    name: str
    begins: bool


class Labels:
    """Those of a checkpoint, by number. Labels of one name are one. ``independent``: each has a probability of its
    own; else they share one."""

    def __init__(self, labels: Sequence[Label], independent: bool) -> None:
        self.independent = independent
        self._labels = labels
        self.names = list(dict.fromkeys(label.name for label in labels if label.name))
        self.begins = [label.begins for label in labels]

    def places(self) -> list[int]:
        """For each label the place of its name in ``names``; -1 where it is no finding."""
        return [self.names.index(label.name) if label.name else -1 for label in self._labels]

    def ignored(self) -> list[str]:
        return sorted({label.own for label in self._labels if not label.name})


def labels_of(labels: Sequence[str], task: Task, names: Mapping[str, str], ignore: Sequence[str] | None,
              independent: bool) -> Labels:
    """``names``: other names for labels. Raises Unlisted."""
    split = [_split(label) if task == "token" else (label, False) for label in labels]
    known = list(dict.fromkeys([*(own for own, _ in split), *labels]))
    for field, written in (("labels", list(names)), ("ignore", list(ignore or ()))):
        for label in written:
            if label not in known:
                raise Unlisted(field, label, known)
    left_out = _benign([own for own, _ in split], independent) if ignore is None else set(ignore)
    return Labels([Label(own, "" if own in left_out or label in left_out else
                         names.get(label, names.get(own, _plain(own))), begins)
                   for label, (own, begins) in zip(labels, split, strict=True)], independent)


def _split(label: str) -> tuple[str, bool]:
    """``B-PER``: of an entity PER, which begins with it."""
    found = _POSITION.match(label)
    return (label[found.end() :], found[1] in _BEGINS) if found else (label, False)


def _benign(labels: Sequence[str], independent: bool) -> set[str]:
    """Those that say that nothing is there."""
    plain = {label: re.sub(r"[^a-z0-9]", "", label.lower()) for label in labels}
    opposites = {prefix + word for word in plain.values() if word not in _BENIGN for prefix in ("no", "non", "not")}
    benign = _BENIGN | opposites | (set() if independent else {_FIRST})
    return {label for label, word in plain.items() if word in benign}


def _plain(label: str) -> str:
    return re.sub(r"\W+", "_", label.strip()).upper()
