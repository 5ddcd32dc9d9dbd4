"""A checkpoint's model in torch, by transformers."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from guardrails.classifiers.settings import Task

if TYPE_CHECKING:
    import numpy as np


class TorchModel:
    """The model in ``folder``; raises ValueError where its weights lack something, such as the head of another task.

    On a processor each call takes one thread, that of the caller.
    """

    def __init__(self, folder: Path, task: Task, device: str, pickle: bool) -> None:
        import torch
        import transformers

        torch.set_num_threads(1)
        transformers.utils.logging.disable_progress_bar()
        self.device = device if device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
        kind = (transformers.AutoModelForSequenceClassification if task == "sequence"
                else transformers.AutoModelForTokenClassification)
        model, loaded = kind.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=None if pickle else True,
            dtype=torch.float32 if self.device == "cpu" else "auto", output_loading_info=True)
        if loaded["missing_keys"]:
            raise ValueError(f"the checkpoint has no weights for {', '.join(sorted(loaded['missing_keys'])[:5])}: "
                             f"was it made for another task than {task}?")
        self._model = model.eval().to(self.device)
        self._torch = torch

    def run(self, input_ids: "np.ndarray[Any, Any]", attention_mask: "np.ndarray[Any, Any]",
            **_: Any) -> "np.ndarray[Any, Any]":
        """The logits."""
        torch = self._torch
        with torch.inference_mode():
            logits = self._model(input_ids=torch.from_numpy(input_ids).to(self.device),
                                 attention_mask=torch.from_numpy(attention_mask).to(self.device)).logits
            found: np.ndarray[Any, Any] = logits.float().cpu().numpy()
        return found
