"""The classifiers of a host, as an operator writes them: every mistake is told by its path, with the nearest word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.config.checking import ConfigurationError
from gateway.config.reading import read_settings
from gateway.config.settings import Settings
from guardrails.classifiers.embedding import model_folder
from guardrails.classifiers.settings import CheckpointSettings, ClassifierSettings


@pytest.fixture
def guard(tmp_path: Path) -> Path:
    """What of a checkpoint can be told without loading it."""
    folder = tmp_path / "guard"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({
        "architectures": ["BertForSequenceClassification"], "id2label": {"0": "benign", "1": "jailbreak"},
        "max_position_embeddings": 512}))
    (folder / "model.safetensors").touch()
    return folder


def read(folder: Path, classifiers: Any) -> Settings:
    path = folder / "gatewright.yaml"
    path.write_text(yaml.safe_dump({"routing": "r", "auth": "none", "classifiers": classifiers}))
    return read_settings(path)


def problems(folder: Path, classifiers: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as error:
        read(folder, classifiers)
    return [str(problem) for problem in error.value.problems]


def own(**settings: Any) -> dict[str, Any]:
    return {"models": {"own": {"checkpoint": "./guard", **settings}}}


def test_one_loads_what_is_installed_and_none_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, 1).classifying == ClassifierSettings()
    assert read(tmp_path, 0).classifying is None


def test_a_checkpoint_is_a_folder_beside_the_file_or_an_id_of_the_hub(tmp_path: Path, guard: Path) -> None:
    models = {"a": {"checkpoint": "./guard"}, "b": {"checkpoint": "guard"}, "c": {"checkpoint": "owner/name"},
              "d": {"checkpoint": str(guard)}}
    settings = read(tmp_path, {"load": [], "models": models}).classifying
    assert settings is not None
    assert [one.checkpoint for one in settings.models.values()] == [str(guard), str(guard), "owner/name", str(guard)]


@pytest.mark.parametrize(("classifiers", "said"), [
    ({"load": ["nmaes"]},
     "classifiers.load[0]: expected one of names, safety, topics, minilm, found 'nmaes'. Did you mean "
                          "'names'?"),
    ({"device": "gpu"}, "classifiers.device: "),
    ({"threads": 0}, "classifiers.threads: "),
    ({"model": {}}, "Did you mean 'models'?"),
    ({"load": []}, "classifiers: expected 0, or a classifier that can be loaded"),
    (own(chekpoint="x"), "classifiers.models.own.chekpoint: "),
    (own(engine="tensorrt"), "classifiers.models.own.engine: expected one of auto, torch, onnx"),
    (own(checkpoint="./nowhere"), "classifiers.models.own.checkpoint: expected a folder"),
    (own(checkpoint="a/b/c"), "classifiers.models.own.checkpoint: expected a folder, or an id of the hub"),
    (own(labels={"jailbraek": "X"}), "classifiers.models.own.labels: expected a label of the checkpoint (benign, "
                                     "jailbreak), found 'jailbraek'. Did you mean 'jailbreak'?"),
    (own(ignore=["bening"]), "Did you mean 'benign'?"),
    (own(window_tokens=1024), "classifiers.models.own.window_tokens: expected at most the 512 tokens"),
    (own(window_tokens=100), "classifiers.models.own.overlap_tokens: expected less than half"),
    (own(engine="onnx"), "classifiers.models.own.engine: expected an export"),
    ({"models": {"names": {"checkpoint": "./guard"}}}, "classifiers.models.names: expected a name that no built-in"),
    ({"models": {"a b": {"checkpoint": "./guard"}}}, 'classifiers.models."a b": expected a name of letters'),
])
def test_every_mistake_is_told(tmp_path: Path, guard: Path, classifiers: Any, said: str) -> None:
    told = problems(tmp_path, classifiers)
    assert any(said in one for one in told), told


def test_a_folder_without_weights_that_may_be_read_is_told(tmp_path: Path, guard: Path) -> None:
    (guard / "model.safetensors").rename(guard / "pytorch_model.bin")
    [told] = problems(tmp_path, own())
    assert "or pickle: true, where its origin is trusted" in told
    read(tmp_path, own(pickle=True))


def test_packages_that_lack_are_told_with_what_installs_them(
        tmp_path: Path, guard: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guardrails.classifiers.checkpoint.TORCH_NEEDS", ("no_such_package",))
    for models in (own(), {"models": {"own": {"checkpoint": "owner/name"}}}):
        [told] = problems(tmp_path, models)
        assert "pip install 'gatewright[checkpoints]'" in told
        assert "no no_such_package" in told


def test_what_is_left_out_is_safe() -> None:
    plain = CheckpointSettings(checkpoint="x")
    assert (plain.pickle, plain.engine, plain.revision) == (False, "auto", None)


@pytest.mark.parametrize(("embedders", "said"), [
    ({"own": {"folder": "./nowhere"}}, "classifiers.embedders.own.folder: expected a folder with config.json"),
    ({"own": {"folder": "./guard"}}, "classifiers.embedders.own.folder: expected a folder with config.json"),
    ({"minilm": {"folder": "./guard"}}, "classifiers.embedders.minilm: expected a name"),
    ({"a b": {"folder": "./guard"}}, "a b"), ({"own": {}}, "folder"),
])
def test_a_sentence_model_that_is_none_is_told(tmp_path: Path, guard: Path, embedders: Any, said: str) -> None:
    told = problems(tmp_path, {"load": [], "embedders": embedders})
    assert any(said in one for one in told), told


def test_a_sentence_models_folder_is_below_the_settings(tmp_path: Path) -> None:
    (tmp_path / "own").symlink_to(model_folder())
    settings = read(tmp_path, {"load": [], "embedders": {"own": {"folder": "./own"}}})
    assert settings.classifying is not None
    assert settings.classifying.embedders["own"].folder == str(tmp_path / "own")
