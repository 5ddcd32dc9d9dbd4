"""The small model in the worker: one pass over a text scores it for toxicity and for injection.

It is linear, over words, pairs of words and pieces of words, and is read by fastText's reader, which is compiled. How
it was made: ``guardrails/training/fast.py``, and the card beside the model.
"""

from collections.abc import Mapping
from math import log
from pathlib import Path

import msgspec

from guardrails.bundled import folder_of
from guardrails.classifiers.memory import digest_of
from guardrails.patterns.whole import breathe
from guardrails.scores.lines import lines_of
from guardrails.scores.scores import Scale, Scores

NAME = "fast"
REMEMBERED = 4096
_AT_ONCE = 80  # pieces: more than what is read on the event loop has
_ALL, _PREFIX = -1, len("__label__")
_LEAST = 1e-6  # the reader's sigmoid comes from a table, whose ends are 0 and 1


class Description(msgspec.Struct, frozen=True):
    """``fast.json``: knots by score, and where the model comes from."""

    version: str
    outputs: list[str]
    scores: dict[str, list[tuple[float, float]]]


class Model:
    """The file itself, as fastText's reader has it."""

    def __init__(self, path: Path) -> None:
        """Raises OSError or ValueError where it is not there or is none."""
        import fasttext  # compiled code, for this model and the language's alone

        # The reader's own, without what the package does to each result around it.
        self._predict = fasttext.load_model(str(path)).f.predict

    def logits(self, text: str) -> Mapping[str, float]:
        """By output, those of the worst of its pieces."""
        if not text.isascii():
            text = text.encode("utf-8", "replace").decode()  # half a surrogate is no letter to anybody
        worst: dict[str, float] = {}
        for number, line in enumerate(lines_of(text), 1):
            if number % _AT_ONCE == 0:
                breathe()  # so long a text is read in a thread: the others go on meanwhile
            for share, label in self._predict(line + "\n", _ALL, 0.0, "strict"):
                if share > worst.get(label, 0.0):
                    worst[label] = share
        return {label[_PREFIX:]: _logit(share) for label, share in worst.items()}


class FastScores:
    """Scores texts, and remembers the scores of the last ones by their digests: a guard for toxicity and one for
    injection ask for the same text, and a conversation sends its earlier turns again.

    Raises OSError or ValueError where the model is not there or is none.
    """

    def __init__(self, folder: Path | None = None, remembered: int = REMEMBERED) -> None:
        folder = folder or folder_of(NAME)
        described = msgspec.json.decode((folder / f"{NAME}.json").read_bytes(), type=Description)
        self.version = described.version
        self._scale = Scale.of(described.scores)
        self._model = Model(folder / "model.bin")
        self._remembered = remembered
        self._known: dict[bytes, Scores] = {}

    def of(self, text: str) -> Scores:
        """The scores of a text: those of its worst pieces."""
        key = digest_of(text)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._scale.scores(self._model.logits(text))
            if len(self._known) > self._remembered:
                del self._known[next(iter(self._known))]
        return known


def _logit(share: float) -> float:
    share = min(max(share, _LEAST), 1 - _LEAST)
    return log(share / (1 - share))
