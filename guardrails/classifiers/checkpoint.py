"""A checkpoint of Hugging Face: what its folder says of it, before anything is loaded; and how it is loaded.

No code of a checkpoint is ever run. Weights are read from safetensors or ONNX alone, unless its settings say otherwise.
"""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import msgspec

from guardrails.classifiers.classifier import Batching, Classifier
from guardrails.classifiers.labels import Unlisted, labels_of
from guardrails.classifiers.onnx_model import OnnxModel
from guardrails.classifiers.sequence import SequenceClassifier
from guardrails.classifiers.settings import CheckpointSettings, Device, Task
from guardrails.classifiers.tagging import TokenClassifier
from guardrails.classifiers.tokens import Tokens

NEEDS = ("numpy", "tokenizers")
TORCH_NEEDS = ("torch", "transformers", "safetensors")
REMEDY = "pip install 'gatewright[checkpoints]'"
WINDOW_TOKENS = 512
_EXPORTS = ("model.onnx", "onnx/model.onnx", "model_quantized.onnx", "onnx/model_quantized.onnx", "model_int8.onnx",
            "onnx/model_int8.onnx")
_TASKS: dict[str, Task] = {"ForSequenceClassification": "sequence", "ForTokenClassification": "token"}
# Where positions begin behind the number of the token that pads.
_SHIFTED = frozenset({"roberta", "xlm-roberta", "camembert", "xlm-roberta-xl", "longformer", "mpnet"})
_CPU_TOKENS, _GPU_TOKENS = 512, 16_384  # that are read at once


class Unusable(ValueError):
    """A checkpoint that cannot be loaded. ``field`` is the key of its settings that is wrong; ``known`` are names of
    which one may have been meant."""

    def __init__(self, field: str, expected: str, found: str, known: tuple[str, ...] = ()) -> None:
        super().__init__(f"{field}: expected {expected}, found {found}")
        self.field, self.expected, self.found, self.known = field, expected, found, known


class Facts(NamedTuple):
    """``labels``: those of the model, by number. ``independent``: each has a probability of its own; else they share
    one. ``onnx``: the export that is to be run; None means torch."""

    task: Task
    labels: list[str]
    independent: bool
    window: int
    pad: int
    onnx: Path | None


def is_folder(checkpoint: str) -> bool:
    """Whether it is written as a folder; else it is an id of the hub."""
    return checkpoint.startswith(("/", ".", "~"))


def facts_of(folder: Path, settings: CheckpointSettings) -> Facts:
    """Raises Unusable."""
    config = _config(folder)
    task = settings.task or _task(config)
    labels = _labels(config)
    try:
        labels_of(labels, task, settings.labels, settings.ignore, True)
    except Unlisted as error:
        raise Unusable(error.field, f"a label of the checkpoint ({', '.join(error.known)})", repr(error.label),
                       tuple(error.known)) from None
    independent = config.get("problem_type") == "multi_label_classification" or len(labels) == 1
    return Facts(task, labels, independent, _window(config, settings), int(config.get("pad_token_id") or 0),
                 _weights(folder, settings))


def _config(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise Unusable("checkpoint", "a folder, or an id of the hub such as owner/name", f"no folder {folder}")
    try:
        return msgspec.json.decode((folder / "config.json").read_bytes(), type=dict[str, Any])
    except OSError:
        raise Unusable("checkpoint", "a folder with config.json", f"none in {folder}") from None
    except msgspec.MsgspecError as error:
        raise Unusable("checkpoint", "config.json with a JSON object", str(error)) from None


def _task(config: dict[str, Any]) -> Task:
    named = [str(name) for name in config.get("architectures") or ()]
    for name in named:
        for ending, task in _TASKS.items():
            if name.endswith(ending):
                return task
    raise Unusable("task", "sequence or token (the checkpoint's configuration tells neither)",
                   ", ".join(named) or "no architecture")


def _labels(config: dict[str, Any]) -> list[str]:
    written = config.get("id2label") or {}
    count = len(written) or int(config.get("num_labels") or 2)
    return [str(written.get(str(number), f"LABEL_{number}")) for number in range(count)]


def _window(config: dict[str, Any], settings: CheckpointSettings) -> int:
    most = int(config.get("max_position_embeddings") or WINDOW_TOKENS)
    if config.get("model_type") in _SHIFTED:
        most -= int(config.get("pad_token_id") or 0) + 1
    window = settings.window_tokens or min(most, WINDOW_TOKENS)
    if window > most > 0:
        raise Unusable("window_tokens", f"at most the {most} tokens that the checkpoint can read", str(window))
    if settings.overlap_tokens * 2 >= window:
        raise Unusable("overlap_tokens", f"less than half of a window of {window} tokens", str(settings.overlap_tokens))
    return window


def _weights(folder: Path, settings: CheckpointSettings) -> Path | None:
    """The export to be run, or None where torch is to read the weights that are there."""
    export = _export(folder, settings)
    if export is not None:
        return export
    patterns = ("*.safetensors", "*.bin") if settings.pickle else ("*.safetensors",)
    if not any(any(folder.glob(pattern)) for pattern in patterns):
        pickled = any(folder.glob("*.bin"))
        raise Unusable("checkpoint", "weights as safetensors or ONNX" + (
            " (or pickle: true, where its origin is trusted)" if pickled else ""),
            "pickle files" if pickled else "no weights")
    return None


def _export(folder: Path, settings: CheckpointSettings) -> Path | None:
    if settings.onnx_file is not None:
        if not (folder / settings.onnx_file).is_file():
            raise Unusable("onnx_file", "a file below the checkpoint's folder", repr(settings.onnx_file))
        return folder / settings.onnx_file
    found = next((folder / name for name in _EXPORTS if (folder / name).is_file()), None)
    if settings.engine == "onnx" and found is None:
        raise Unusable("engine", f"an export in the checkpoint's folder ({', '.join(_EXPORTS)})", "none")
    wanted = settings.engine == "onnx" or (settings.engine == "auto" and not (settings.device or "").startswith("cuda"))
    return found if wanted else None


def missing_for(facts: Facts | None) -> Iterator[str]:
    """The packages that are not installed; of a checkpoint that is not here yet, those that any may need."""
    engine = ("onnxruntime",) if facts is not None and facts.onnx is not None else TORCH_NEEDS
    return (name for name in (*NEEDS, *engine) if find_spec(name) is None)


class Checkpoint:
    """One checkpoint, on its way to be a classifier. ``one_at_a_time``: torch's loading is no matter for two threads
    at once, though what is on its way from a hub need not wait."""

    def __init__(self, settings: CheckpointSettings, device: Device, one_at_a_time: Lock) -> None:
        self._settings = settings
        self._device = settings.device or device
        self._one_at_a_time = one_at_a_time

    def load(self, name: str) -> Classifier:
        """Raises Unusable, and whatever the libraries raise."""
        settings = self._settings
        folder = Path(settings.checkpoint).expanduser() if is_folder(settings.checkpoint) else _downloaded(settings)
        facts = facts_of(folder, msgspec.structs.replace(settings, device=self._device))
        tokens = Tokens(_tokenizer(folder, self._one_at_a_time), facts.window, settings.overlap_tokens, facts.pad,
                        located=facts.task == "token")
        model, device = self._model(folder, facts)
        batching = Batching(settings.batch, _CPU_TOKENS if device == "cpu" else _GPU_TOKENS, 8)
        labels = labels_of(facts.labels, facts.task, settings.labels, settings.ignore, facts.independent)
        described = {"task": facts.task, "device": device, "engine": "torch" if facts.onnx is None else "onnx",
                     "window_tokens": facts.window, "labels": labels.names, "ignored": labels.ignored()}
        kind = SequenceClassifier if facts.task == "sequence" else TokenClassifier
        return kind(name, tokens, model, labels, batching, described)

    def _model(self, folder: Path, facts: Facts) -> tuple[Any, str]:
        if facts.onnx is not None:
            device = "cpu" if self._device == "auto" else self._device
            return OnnxModel(facts.onnx, device), device
        from guardrails.classifiers.torch_model import TorchModel

        with self._one_at_a_time:
            model = TorchModel(folder, facts.task, self._device, self._settings.pickle)
        return model, model.device


def _tokenizer(folder: Path, one_at_a_time: Lock) -> Any:
    from tokenizers import Tokenizer

    if (folder / "tokenizer.json").is_file():
        return Tokenizer.from_file(str(folder / "tokenizer.json"))
    with one_at_a_time:
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True).backend_tokenizer


def _downloaded(settings: CheckpointSettings) -> Path:
    """The checkpoint's folder in the hub's cache, filled where it is not: nothing but what is loaded."""
    from huggingface_hub import snapshot_download

    wanted = ["*.json", "*.txt", "*.model"]
    exports = [settings.onnx_file] if settings.onnx_file else list(_EXPORTS) if settings.engine == "onnx" else []
    weights = exports or ["*.safetensors", *(["*.bin"] if settings.pickle else [])]
    return Path(snapshot_download(settings.checkpoint, revision=settings.revision, allow_patterns=[*wanted, *weights]))
