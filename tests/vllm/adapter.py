"""Writes a LoRA adapter for a Llama-like model: random, but the same on every machine."""

import json
import random
from array import array
from pathlib import Path

RANK = 8
SEED = 20240613
# Changes what the demo model is most likely to say first by far more than rounding can. With a quarter of it two words
# were equally likely, and some processors said what the base says.
STRENGTH = 2.0

Tensor = tuple[tuple[int, int], bytes]  # rows and columns, and the values as 32-bit floats


def write_adapter(base: Path, folder: Path, strength: float = STRENGTH) -> Path:
    """Writes adapter_config.json and adapter_model.safetensors for `base` into `folder`, and returns the folder."""
    folder.mkdir(parents=True)
    config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": RANK, "lora_alpha": RANK, "lora_dropout": 0.0,
              "bias": "none", "target_modules": ["q_proj", "v_proj"], "base_model_name_or_path": base.name}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    (folder / "adapter_model.safetensors").write_bytes(safetensors(weights(base, strength)))
    return folder


def weights(base: Path, strength: float) -> dict[str, Tensor]:
    shape = json.loads((base / "config.json").read_text())
    hidden, head = shape["hidden_size"], shape["hidden_size"] // shape["num_attention_heads"]
    widths = {"q_proj": hidden, "v_proj": head * shape["num_key_value_heads"]}
    drawn, tensors = random.Random(SEED), {}
    for layer in range(shape["num_hidden_layers"]):
        for module, width in widths.items():
            name = f"base_model.model.model.layers.{layer}.self_attn.{module}"
            tensors[f"{name}.lora_A.weight"] = matrix(drawn, RANK, hidden, strength)
            tensors[f"{name}.lora_B.weight"] = matrix(drawn, width, RANK, strength)
    return tensors


def matrix(drawn: random.Random, rows: int, columns: int, strength: float) -> Tensor:
    spread = strength / columns**0.5
    return (rows, columns), array("f", (drawn.uniform(-spread, spread) for _ in range(rows * columns))).tobytes()


def safetensors(tensors: dict[str, Tensor]) -> bytes:
    """The format: the header's length in 8 bytes, the header as JSON, the tensors' bytes."""
    header, blocks, at = {}, [], 0
    for name, (shape, block) in tensors.items():
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + len(block)]}
        blocks.append(block)
        at += len(block)
    written = json.dumps(header).encode()
    written += b" " * (-len(written) % 8)
    return len(written).to_bytes(8, "little") + written + b"".join(blocks)
