"""Beginning: the weights of a model that was exported, to train it further when those of its training are gone."""

from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

_INTEGER = "_quantized"


def weights_of(model: Path) -> dict[str, Tensor]:
    """What ``SafetyNet.load_state_dict`` takes, from a ``model.onnx`` in int8. Off by half a step of int8 at most."""
    graph = onnx.load(model).graph
    stored = {one.name: torch.from_numpy(numpy_helper.to_array(one).copy()) for one in graph.initializer}
    found = {name: value for name, value in stored.items() if value.is_floating_point()
             and not name.startswith("onnx::") and not name.endswith("_scale")}
    found["words.weight"] = _dequantised(stored, "words.weight")
    for node in graph.node:
        if node.op_type == "MatMulInteger":
            name = node.input[1].removesuffix(_INTEGER)
            found[_own_name(name, node.output[0])] = _dequantised(stored, name).T.contiguous()
    return found


def _own_name(stored: str, product: str) -> str:
    """Weights that the export has transposed lost their name; their product has it: /layers.0/query/MatMul_output_0."""
    if not stored.startswith("onnx::"):
        return stored
    return product.strip("/").rsplit("/", 1)[0].replace("/", ".") + ".weight"


def _dequantised(stored: dict[str, Tensor], name: str) -> Tensor:
    steps = stored[name + _INTEGER].float() - stored[f"{name}_zero_point"].float()
    return steps * stored[f"{name}_scale"]
