"""Export: from trained weights to the file that the classifier process reads."""

import shutil
import tempfile
import warnings
from pathlib import Path

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from guardrails.training.network import SafetyNet

_OPSET = 17


def export(net: SafetyNet, tokenizer: Path, folder: Path) -> None:
    """Writes ``model.onnx`` in int8, and ``tokenizer.json``. Weights keep to seven bits, because processors without
    VNNI add two products in sixteen."""
    net.eval()
    example = torch.ones(2, 64, dtype=torch.long)
    axes = {"ids": {0: "texts", 1: "tokens"}, "mask": {0: "texts", 1: "tokens"}, "logits": {0: "texts"}}
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a mode of export that we ask for by name
        whole = Path(scratch) / "model.onnx"
        torch.onnx.export(net, (example, example), str(whole), dynamo=False, input_names=["ids", "mask"],
                          output_names=["logits"], dynamic_axes=axes, opset_version=_OPSET)
        quantize_dynamic(whole, folder / "model.onnx", weight_type=QuantType.QInt8, per_channel=True,
                         reduce_range=True)
    shutil.copyfile(tokenizer, folder / "tokenizer.json")
