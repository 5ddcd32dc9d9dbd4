"""Unpacks a GGUF file into a directory that transformers loads directly. Run as a process of its own:

    python -m models.demo.conversion MODEL.gguf DIRECTORY

so that the memory it takes, several times the model's, is gone when the server starts.
"""

import sys
from pathlib import Path


def convert(gguf: Path, target: Path) -> None:
    """Writes weights in bfloat16, tokenizer and chat template of `gguf` to `target`."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    source = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    unpacked = GgufConfig(dequantize=True)  # The default keeps the weights packed, which cannot be saved.
    AutoModelForCausalLM.from_pretrained(**source, quantization_config=unpacked, dtype=torch.bfloat16).save_pretrained(
        target
    )
    AutoTokenizer.from_pretrained(**source).save_pretrained(target)


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
