"""ONNX models, run on the processor: one thread for each call, as many calls at once as there are callers."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


class OnnxModel:
    """The model in ``file``; ``device`` cpu, or cuda:N where the installed onnxruntime can."""

    def __init__(self, file: Path, device: str = "cpu") -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(os.fspath(file), options, providers=_providers(device))
        self.inputs = tuple(one.name for one in self._session.get_inputs())

    def run(self, **inputs: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
        """The first output. Inputs that the model does not have are left out."""
        given = {name: value for name, value in inputs.items() if name in self.inputs}
        first: np.ndarray[Any, Any] = self._session.run(None, given)[0]
        return first


def _providers(device: str) -> list[Any]:
    if device == "cpu":
        return ["CPUExecutionProvider"]
    number = device.partition(":")[2] or "0"
    return [("CUDAExecutionProvider", {"device_id": number}), "CPUExecutionProvider"]
