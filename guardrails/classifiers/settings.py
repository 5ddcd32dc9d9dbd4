"""Which classifiers a host loads, as operators write it in ``gatewright.yaml``. Read once, at start."""

from typing import Annotated, Literal

import msgspec

Count = Annotated[int, msgspec.Meta(ge=1)]
BuiltIn = Literal["names", "safety", "topics", "minilm"]
Device = Annotated[str, msgspec.Meta(pattern=r"^(auto|cpu|cuda(:[0-9]+)?)$")]
Task = Literal["sequence", "token"]


class CheckpointSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A checkpoint of Hugging Face that an operator brings.

    checkpoint      a folder, or an id of the hub (``owner/name``), of which ``revision`` is loaded
    task            absent: what the checkpoint's own configuration says it was made for
    labels          other names for the checkpoint's labels; those that get one name count as one
    ignore          labels that are no finding; absent: those that are called safe, benign, O and the like
    batch           windows that are read at once, at most
    window_tokens   absent: as long as the checkpoint allows, 512 at most; windows share ``overlap_tokens``
    engine          auto: ONNX on a processor where the folder holds an export of it, else torch
    onnx_file       which export, below the folder
    pickle          lets weights be read from pickle files, where there are no safetensors
    """

    checkpoint: str
    revision: str | None = None
    task: Task | None = None
    labels: dict[str, str] = {}
    ignore: list[str] | None = None
    batch: Count = 32
    window_tokens: Count | None = None
    overlap_tokens: Annotated[int, msgspec.Meta(ge=0)] = 64
    engine: Literal["auto", "torch", "onnx"] = "auto"
    onnx_file: str | None = None
    device: Device | None = None
    pickle: bool = False


class EmbedderSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A sentence model that an operator brings: a ``folder`` as sentence-transformers writes it, with a BERT whose
    tokens' mean is the vector, in safetensors."""

    folder: str


class ClassifierSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The classifiers of one process.

    load      the built-in ones; absent: all whose packages are installed
    threads   batches that are read at once, a processor core each; absent: one a core, 4 at most
    device    of checkpoints that name none
    models    the operator's own, by the names that policies give them
    embedders the operator's own sentence models, by the names that a model's ``cache.semantic`` gives them
    """

    load: list[BuiltIn] | None = None
    threads: Count | None = None
    device: Device = "auto"
    models: dict[str, CheckpointSettings] = {}
    embedders: dict[str, EmbedderSettings] = {}
