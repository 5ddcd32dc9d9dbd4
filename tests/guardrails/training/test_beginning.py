"""Going on from an exported model: what is read of it is what was written, but for the rounding to eight bits."""

from pathlib import Path

import torch

from guardrails.training.beginning import weights_of
from guardrails.training.export import export
from guardrails.training.network import SafetyNet
from guardrails.training.rows import OUTPUTS
from guardrails.training.safety import Smoothed, begun, freeze, minilm

_STEPS = 127  # of seven bits either way, to the largest weight of a row


def test_an_exported_model_is_read_back_to_within_a_step(tmp_path: Path) -> None:
    """Every weight is found by its name; none is off by more than the rounding."""
    torch.manual_seed(1)
    net = SafetyNet(len(OUTPUTS))
    net.take_from(minilm() / "model.safetensors")
    export(net, minilm() / "tokenizer.json", tmp_path)
    read, written = weights_of(tmp_path / "model.onnx"), net.state_dict()
    assert read.keys() == written.keys()
    for name, value in written.items():
        assert (read[name] - value).abs().max() <= 1.01 * value.abs().max() / _STEPS, name
    SafetyNet(len(OUTPUTS)).load_state_dict(read)


def test_the_mean_of_weights_forgets_the_oldest() -> None:
    """At first it is the plain mean; of what was long ago little is left."""
    net = SafetyNet(1, layers=1)
    with torch.no_grad():
        net.outputs.bias.fill_(4.0)
    smoothed = Smoothed(net)
    with torch.no_grad():
        net.outputs.bias.fill_(0.0)
    smoothed.step()
    assert smoothed.mean["outputs.bias"].item() == 2.0
    for _ in range(800):
        smoothed.step()
    assert smoothed.mean["outputs.bias"].item() < 0.02


def test_of_several_beginnings_the_mean_is_taken(tmp_path: Path) -> None:
    files = [tmp_path / "a.pt", tmp_path / "b.pt"]
    nets = [SafetyNet(len(OUTPUTS)) for _ in files]
    for file, net in zip(files, nets, strict=True):
        torch.save(net.state_dict(), file)
    one, other = (net.outputs.weight for net in nets)
    assert torch.allclose(begun(files).outputs.weight, (one + other) / 2)


def test_what_is_frozen_is_words_and_all_below_the_upper_layers() -> None:
    net = SafetyNet(len(OUTPUTS))
    freeze(net, 4)
    assert {name for name, one in net.named_parameters() if not one.requires_grad} == {"words.weight"}
    freeze(net, 1)
    learn = {name for name, one in net.named_parameters() if one.requires_grad}
    assert "layers.3.out.weight" in learn
    assert not any(name.startswith(("words", "places", "embedded", "layers.0", "layers.2")) for name in learn)
