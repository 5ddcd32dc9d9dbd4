"""Checkpoints in the form of Hugging Face's, small enough to be made for a test: a keyword decides, whatever is around.

A word's vector goes through the layers unchanged (their weights are zero), so that what a window says can be foretold.
"""

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "weather", "was", "fine", "attack", "##er", "maria", "lopez",
         "anna", ",", ".", "insult", "and")
_WIDTH = 32


def vocabulary_in(folder: Path) -> None:
    """A WordPiece tokenizer of WORDS, saved as such tokenizers are."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    words = {word: number for number, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordPiece(words, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))


def _config(labels: Sequence[str], **more: Any) -> Any:
    from transformers import BertConfig

    return BertConfig(vocab_size=len(WORDS), hidden_size=_WIDTH, num_hidden_layers=2, num_attention_heads=2,
                      intermediate_size=16, max_position_embeddings=32, id2label=dict(enumerate(labels)),
                      label2id={label: number for number, label in enumerate(labels)}, **more)


def _keyed(model: Any) -> Any:
    """Every word a vector of its own; layers that add nothing."""
    import torch

    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "LayerNorm" not in name:
                weight.zero_()
        model.bert.embeddings.word_embeddings.weight[:, : len(WORDS)] = 8 * torch.eye(len(WORDS))
    return model.eval()


def sequence_checkpoint(folder: Path, labels: Sequence[str], words: Sequence[str], **config: Any) -> Path:
    """For each label a word: where it stands in a window, the label is there. A label without one is there always,
    faintly: where the labels share one probability, it is the one of all other texts."""
    import torch
    from transformers import BertForSequenceClassification

    model = _keyed(BertForSequenceClassification(_config(labels, **config)))
    with torch.no_grad():
        # The first token hears every other one alike, and the pooler tells a little of a word from none of it.
        for layer in model.bert.encoder.layer[:1]:
            layer.attention.self.value.weight.copy_(torch.eye(_WIDTH))
            layer.attention.output.dense.weight.copy_(40 * torch.eye(_WIDTH))
        model.bert.pooler.dense.weight.copy_(torch.eye(_WIDTH))
        for number, word in enumerate(words):
            if word:
                model.classifier.weight[number, WORDS.index(word)] = 20
                model.classifier.bias[number] = -8
    return _saved(model, folder)


def token_checkpoint(folder: Path, labels: Sequence[str], words: dict[str, str], **config: Any) -> Path:
    """Each word its label, the rest of a word less surely; all others the first."""
    import torch
    from transformers import BertForTokenClassification

    model = _keyed(BertForTokenClassification(_config(labels, **config)))
    with torch.no_grad():
        model.classifier.bias[0] = 4
        for word, label in words.items():
            model.classifier.weight[labels.index(label), WORDS.index(word)] = 0.9 if word.startswith("##") else 4
    return _saved(model, folder)


def _saved(model: Any, folder: Path) -> Path:
    vocabulary_in(folder)
    model.save_pretrained(folder)
    return folder


def exported(folder: Path, name: str = "model.onnx") -> Path:
    """The checkpoint in ``folder`` as ONNX, beside it."""
    import torch
    from transformers import AutoConfig, AutoModelForSequenceClassification

    assert AutoConfig.from_pretrained(folder).architectures == ["BertForSequenceClassification"]
    model = AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation="eager").eval()

    class Logits(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            return self.model(input_ids=input_ids, attention_mask=attention_mask).logits

    ids = torch.ones(2, 6, dtype=torch.int64)
    export(Logits().eval(), (ids, ids), folder / name, ["input_ids", "attention_mask"])
    return folder


def export(module: Any, given: tuple[Any, ...], file: Path, inputs: Sequence[str]) -> None:
    """By the exporter that needs no package of its own; batch and tokens of any size."""
    import torch

    file.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():  # of its age, and of shapes that it takes for constants
        warnings.simplefilter("ignore")
        torch.onnx.export(module, given, str(file), input_names=list(inputs), output_names=["logits"], dynamo=False,
                          dynamic_axes={name: {0: "batch", 1: "tokens"} for name in inputs} | {"logits": {0: "batch"}},
                          opset_version=17)


def safety_folder(folder: Path, scores: dict[str, Any]) -> Path:
    """A model of the layout of the bundled `safety`: the word `insult` is harassment, `attack` is injection; the first
    output is toxicity."""
    import torch

    outputs = ["toxicity", "hate", "harassment", "sexual", "violence", "self_harm", "injection"]

    class Keyed(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = torch.nn.Embedding(len(WORDS), len(outputs))
            with torch.no_grad():
                self.table.weight.fill_(-4.0)
                self.table.weight[WORDS.index("insult"), :3] = torch.tensor([3.0, 0.0, 2.0])
                self.table.weight[WORDS.index("attack"), 6] = 5.0

        def forward(self, ids: Any, mask: Any) -> Any:
            batch, tokens = ids.shape
            held = self.table(ids).masked_fill(mask[..., None] == 0, -9.0)
            return held.view(batch, tokens // 2, 2, len(outputs)).amax(2).amax(1)  # by twos, as the real one

    vocabulary_in(folder)
    ids = torch.ones(2, 6, dtype=torch.int64)
    export(Keyed().eval(), (ids, ids), folder / "model.onnx", ["ids", "mask"])
    (folder / "safety.json").write_text(json.dumps({
        "version": "test", "outputs": outputs, "window_tokens": 8, "overlap_tokens": 2, "scores": scores}))
    return folder
