"""The transformer as a teacher: what it says of many texts, as the classifier process would hear it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from guardrails.training.rows import OUTPUTS

LONGEST_TOKENS = 254
_BATCH_TOKENS = 4096


class Teacher:
    """``folder`` holds ``model.onnx`` and ``tokenizer.json``."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options,
                                                     providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(LONGEST_TOKENS)

    def logits(self, texts: Sequence[str]) -> "np.ndarray[Any, np.dtype[np.float32]]":
        """[texts, outputs]. What of a text is longer than a window is not read."""
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(tokens)), key=lambda number: len(tokens[number]))
        found = np.zeros((len(tokens), len(OUTPUTS)), np.float32)
        while order:
            longest = len(tokens[order[-1]]) + len(tokens[order[-1]]) % 2
            chosen = [order.pop() for _ in range(min(len(order), max(1, _BATCH_TOKENS // longest)))]
            ids = np.zeros((len(chosen), longest), np.int64)
            mask = np.zeros_like(ids)
            for row, number in enumerate(chosen):
                ids[row, : len(tokens[number])] = tokens[number]
                mask[row, : len(tokens[number])] = 1
            found[chosen] = self._session.run(None, {"ids": ids, "mask": mask})[0]
        return found

    def by_output(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        """The same, with names."""
        return [dict(zip(OUTPUTS, map(float, row), strict=True)) for row in self.logits(texts)]
