"""The network of the bundled transformer: what padding and batching must not change, and what its export gives."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from guardrails.training.export import export
from guardrails.training.network import SafetyNet
from guardrails.training.rows import OUTPUTS, UNKNOWN
from guardrails.training.safety import loss_of, minilm, share_of_rate


@pytest.fixture(scope="module")
def net() -> SafetyNet:
    torch.manual_seed(1)
    made = SafetyNet(len(OUTPUTS))
    made.take_from(minilm() / "model.safetensors")
    return made.eval()


def _asked(net: SafetyNet, ids: list[list[int]], tokens: int) -> torch.Tensor:
    padded = torch.tensor([one + [0] * (tokens - len(one)) for one in ids])
    mask = torch.tensor([[1] * len(one) + [0] * (tokens - len(one)) for one in ids])
    with torch.no_grad():
        return net(padded, mask)


@pytest.mark.parametrize("length", [2, 3, 9, 10])
def test_padding_changes_nothing(net: SafetyNet, length: int) -> None:
    """A text reads the same alone and beside a longer one, of even length and of odd."""
    text = list(range(2000, 2000 + length))
    alone = _asked(net, [text], length + length % 2)
    beside = _asked(net, [text, list(range(3000, 3040))], 40)[:1]
    assert torch.allclose(alone, beside, atol=1e-4)


def test_it_begins_as_minilm(net: SafetyNet) -> None:
    """The first layer is MiniLM's own: what is learned starts from what it knows."""
    text = torch.tensor([[101, 7592, 2088, 102]])
    from transformers import BertModel

    reference = BertModel.from_pretrained(minilm()).eval()
    with torch.no_grad():
        vectors = net.embedded(net.words(text) + net.places.weight[:4])
        ours = net.layers[0](vectors, vectors, torch.zeros(1, 1, 1, 4))
        theirs = reference(text, output_hidden_states=True).hidden_states[1]
    assert torch.allclose(ours, theirs, atol=1e-4)


def test_the_export_gives_nearly_the_same_and_is_small(net: SafetyNet, tmp_path: Path) -> None:
    """Eight bits cost a little exactness, and a quarter of the size is left."""
    export(net, minilm() / "tokenizer.json", tmp_path)
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    ids = np.array([[101, 2017, 2024, 1037, 2204, 2711, 102, 0]] * 3, dtype=np.int64)
    mask = (ids > 0).astype(np.int64)
    [given] = session.run(None, {"ids": ids, "mask": mask})
    with torch.no_grad():
        wanted = net(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
    assert np.abs(given - wanted).max() < 0.25
    assert (tmp_path / "model.onnx").stat().st_size < 25_000_000


def test_what_is_unknown_teaches_nothing() -> None:
    logits = torch.zeros(1, len(OUTPUTS), requires_grad=True)
    targets = torch.full((1, len(OUTPUTS)), UNKNOWN)
    targets[0, 0] = 1.0
    loss_of(logits, targets).backward()
    assert logits.grad is not None
    assert (logits.grad[0] != 0).tolist() == [True] + [False] * (len(OUTPUTS) - 1)


def test_the_rate_is_warmed_up_and_dies_away() -> None:
    course = [share_of_rate(done / 100) for done in range(1, 101)]
    assert max(course) == pytest.approx(1.0, abs=0.01)
    assert course[0] < 0.2
    assert course[-1] == pytest.approx(0.0, abs=1e-6)
