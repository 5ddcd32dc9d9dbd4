"""The environment of the real vLLM is made once, anew when its pins change, and only where it can work."""

import json
import struct
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from tests.vllm import environment
from tests.vllm.adapter import write_adapter
from tests.vllm.environment import Unmakeable, check_python, ensure, write_shim


def test_the_shim_tells_vllm_that_it_is_a_build_for_cpus(tmp_path: Path) -> None:
    write_shim(tmp_path)
    (written,) = tmp_path.iterdir()
    found = PathDistribution(written)
    assert (found.metadata["Name"], found.version) == ("vllm", "0.32.0+cpu")
    assert {str(file) for file in found.files or ()} == {f"{written.name}/{file.name}" for file in written.iterdir()}


def test_another_python_is_refused_by_name() -> None:
    check_python((3, 11))
    with pytest.raises(Unmakeable, match=r"3\.11; this is Python 3\.13"):
        check_python((3, 13))


def test_the_environment_is_made_once_and_again_when_a_pin_changes(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, pins, folder = [], tmp_path / "requirements.txt", tmp_path / "cache" / "vllm"

    def install(folder: Path, requirements: Path) -> None:
        made.append(requirements.read_text())
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "vllm").touch()

    monkeypatch.setattr(environment, "install", install)
    for pin in ("a==1", "a==1", "a==2"):
        pins.write_text(pin)
        assert ensure(folder, pins) == folder / "bin" / "vllm"
    assert made == ["a==1", "a==2"]


def test_every_requirement_is_pinned() -> None:
    lines = [line for line in environment.REQUIREMENTS.read_text().split("\n") if line and line[0] != "#"]
    assert all(line.count("==") == 1 for line in lines)


def test_an_adapter_is_the_same_every_time_and_has_the_shape_of_its_base(tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir()
    (base / "config.json").write_text(json.dumps(
        {"hidden_size": 16, "num_attention_heads": 4, "num_key_value_heads": 2, "num_hidden_layers": 2}))
    files = [write_adapter(base, tmp_path / name) / "adapter_model.safetensors" for name in ("one", "two")]
    assert files[0].read_bytes() == files[1].read_bytes()
    (length,) = struct.unpack("<Q", files[0].read_bytes()[:8])
    header = json.loads(files[0].read_bytes()[8 : 8 + length])
    assert len(header) == 2 * 2 * 2
    assert header["base_model.model.model.layers.1.self_attn.v_proj.lora_B.weight"]["shape"] == [8, 8]
    assert files[0].stat().st_size == 8 + length + max(tensor["data_offsets"][1] for tensor in header.values())
