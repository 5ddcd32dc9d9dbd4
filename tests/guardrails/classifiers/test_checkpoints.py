"""Checkpoints of Hugging Face, made here: labels, windows and exact spans, by torch and by ONNX, in any batch."""

import json
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from guardrails.classifiers.checkpoint import Checkpoint, Unusable, facts_of
from guardrails.classifiers.classifier import Classifier, Span
from guardrails.classifiers.settings import CheckpointSettings
from tests.guardrails.classifiers.checkpoints import exported, sequence_checkpoint, token_checkpoint

FILLER = "the weather was fine and the weather was the , . "


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checkpoints")


@pytest.fixture(scope="module")
def guard(folder: Path) -> Path:
    return exported(sequence_checkpoint(folder / "guard", ["LABEL_0", "LABEL_1"], ["", "attack"]))


@pytest.fixture(scope="module")
def moods(folder: Path) -> Path:
    return sequence_checkpoint(folder / "moods", ["safe", "insult", "severe threat"], ["fine", "insult", "attack"],
                               problem_type="multi_label_classification")


@pytest.fixture(scope="module")
def persons(folder: Path) -> Path:
    return token_checkpoint(folder / "persons", ["O", "B-PER", "I-PER", "B-LOC"],
                            {"maria": "B-PER", "anna": "B-PER", "lopez": "I-PER", "weather": "B-LOC", "attack": "B-LOC",
                             "##er": "I-PER"})


def loaded(folder: Path, **settings: Any) -> Classifier:
    written = {"window_tokens": 12, "overlap_tokens": 4, "engine": "torch"} | settings
    return Checkpoint(CheckpointSettings(checkpoint=str(folder), **written), "cpu", Lock()).load("own")


def found(classifier: Classifier, text: str) -> list[Span]:
    cut = classifier.cut(text)
    spans: list[Span] = classifier.conclude(text, cut.windows, classifier.read(cut.pieces))
    return spans


def told(classifier: Classifier, text: str, least: float = 0.5) -> dict[str, float]:
    return {span.label: span.score for span in found(classifier, text) if span.score >= least}


@pytest.mark.parametrize("engine", ["torch", "onnx"])
@pytest.mark.parametrize("before", range(0, 60, 7))
def test_a_word_is_heard_in_whatever_window_it_stands(guard: Path, engine: str, before: int) -> None:
    words = (FILLER * 8).split()
    text = " ".join([*words[:before], "attack", *words[before:60]])
    classifier = loaded(guard, engine=engine, labels={"LABEL_1": "JAILBREAK"})
    assert list(told(classifier, text)) == ["JAILBREAK"]
    assert found(classifier, text)[0][1:3] == (0, len(text))
    assert told(classifier, text.replace("attack", "")) == {}


def test_what_a_window_does_not_hold_it_does_not_hear(guard: Path) -> None:
    """The guard against windows that are too long for the model, or left out."""
    cut = loaded(guard).cut(FILLER * 8)
    assert max(len(piece.ids) for piece in cut.pieces) == 10  # and two special ones
    assert cut.windows[0].start == 0
    assert cut.windows[-1].end == len(FILLER * 8)
    assert [window.first for window in cut.windows] == [0, *(window.last for window in cut.windows[:-1])]


def test_torch_and_onnx_come_to_the_same_scores_and_a_folder_with_an_export_is_run_by_it(guard: Path) -> None:
    texts = ["attack", FILLER, f"{FILLER} attack {FILLER}"]
    torch, onnx, auto = (loaded(guard, engine=engine) for engine in ("torch", "onnx", "auto"))
    for text in texts:
        for one, other in zip(found(torch, text), found(onnx, text), strict=True):
            assert one[:3] == other[:3]
            assert one.score == pytest.approx(other.score, abs=1e-4)
    assert [one.described["engine"] for one in (torch, onnx, auto)] == ["torch", "onnx", "onnx"]  # type: ignore[attr-defined]


def test_labels_that_are_independent_are_told_each_by_itself_and_what_is_safe_is_not(moods: Path) -> None:
    classifier = loaded(moods)
    assert set(told(classifier, "the insult was an attack , fine")) == {"INSULT", "SEVERE_THREAT"}
    assert set(told(classifier, "the weather was fine")) == set()
    assert set(told(loaded(moods, ignore=["insult"]), "insult , fine")) == {"SAFE"}


def test_labels_of_one_name_are_one(moods: Path, guard: Path) -> None:
    one = {"insult": "BAD", "severe threat": "BAD"}
    assert set(told(loaded(moods, labels=one), "attack")) == set(told(loaded(moods, labels=one), "insult")) == {"BAD"}
    both = loaded(guard, labels={"LABEL_0": "ANY", "LABEL_1": "ANY"}, ignore=[])
    assert told(both, "the weather") == {"ANY": 1.0}  # of one probability that they share


def test_a_batch_reads_as_each_of_its_texts_alone(guard: Path, persons: Path) -> None:
    for folder in (guard, persons):
        classifier = loaded(folder)
        pieces = [classifier.cut(text).pieces[0] for text in ("maria", "attack the weather , and", "anna lopez was")]
        alone = [classifier.read([piece])[0] for piece in pieces]
        for one, other in zip(classifier.read(pieces), alone, strict=True):
            assert str(other)[:20] == str(one)[:20]
            assert len(one) == len(other)


def spans(classifier: Classifier, text: str) -> list[tuple[str, str]]:
    return [(span.label, text[span.start : span.end]) for span in found(classifier, text)]


@pytest.mark.parametrize(("text", "expected"), [
    ("the Maria Lopez, and anna.", [("PER", "Maria Lopez"), ("PER", "anna")]),
    ("maria anna lopez", [("PER", "maria"), ("PER", "anna lopez")]),
    ("lopez was fine", [("PER", "lopez")]),
    ("the weather, maria", [("LOC", "weather"), ("PER", "maria")]),
    ("ééé maria   lopez\t.", [("PER", "maria   lopez")]),
    ("attacker", [("LOC", "attacker")]),  # a word of two tokens is one thing
    ("fine.", []),
])
def test_entities_are_told_at_their_characters(persons: Path, text: str, expected: list[tuple[str, str]]) -> None:
    assert spans(loaded(persons, labels={}), text) == expected


@pytest.mark.parametrize("before", range(0, 30))
def test_an_entity_is_whole_wherever_the_windows_cut(persons: Path, before: int) -> None:
    text = " ".join([*(["the", "was"] * 20)[:before], "maria lopez lopez lopez", *(["the", "fine"] * 10)])
    classifier = loaded(persons, labels={"PER": "PERSON"})
    assert spans(classifier, text) == [("PERSON", "maria lopez lopez lopez")]
    assert all(span.score > 0.9 for span in found(classifier, text))


def test_an_entity_that_is_left_out_is_not_told(persons: Path) -> None:
    assert spans(loaded(persons, ignore=["O", "LOC"]), "weather maria") == [("PER", "maria")]


def refused(folder: Path, **settings: Any) -> Unusable:
    with pytest.raises(Unusable) as error:
        facts_of(folder, CheckpointSettings(checkpoint=str(folder), **settings))
    return error.value


@pytest.mark.parametrize(("settings", "field"), [
    ({"labels": {"LABEL_2": "X"}}, "labels"), ({"ignore": ["benign"]}, "ignore"),
    ({"window_tokens": 64}, "window_tokens"), ({"window_tokens": 12, "overlap_tokens": 6}, "overlap_tokens"),
    ({"onnx_file": "other.onnx"}, "onnx_file"),
])
def test_what_a_checkpoint_cannot_do_is_told_before_it_is_loaded(guard: Path, settings: dict[str, Any],
                                                                 field: str) -> None:
    assert refused(guard, **{"overlap_tokens": 4} | settings).field == field


def test_pickle_files_are_not_read_unless_it_is_said_so(moods: Path, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    (tmp_path / "config.json").write_bytes((moods / "config.json").read_bytes())
    (tmp_path / "tokenizer.json").write_bytes((moods / "tokenizer.json").read_bytes())
    torch.save(load_file(moods / "model.safetensors"), tmp_path / "pytorch_model.bin")
    error = refused(tmp_path, overlap_tokens=4)
    assert (error.field, error.found) == ("checkpoint", "pickle files")
    assert set(told(loaded(tmp_path, pickle=True), "insult")) == {"INSULT"}


def test_an_export_that_is_asked_for_has_to_be_there(moods: Path) -> None:
    assert refused(moods, engine="onnx", overlap_tokens=4).field == "engine"


def test_a_folder_that_is_none_and_one_without_a_configuration(tmp_path: Path) -> None:
    assert refused(tmp_path / "none").field == refused(tmp_path).field == "checkpoint"
    (tmp_path / "config.json").write_text("[]")
    assert refused(tmp_path).field == "checkpoint"
    (tmp_path / "config.json").write_text('{"architectures": ["BertModel"]}')
    assert refused(tmp_path).field == "task"


def test_a_checkpoint_without_the_head_of_its_task_is_not_loaded(persons: Path) -> None:
    """Its head would be made up, and so would be what it says."""
    with pytest.raises(ValueError, match="no weights for bert"):
        loaded(persons, task="sequence")


def test_the_code_of_a_checkpoint_is_never_run(moods: Path, tmp_path: Path) -> None:
    config = json.loads((moods / "config.json").read_text())
    config |= {"auto_map": {"AutoConfig": "code.Config", "AutoModelForSequenceClassification": "code.Model"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    for name in ("tokenizer.json", "model.safetensors"):
        (tmp_path / name).write_bytes((moods / name).read_bytes())
    (tmp_path / "code.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    assert set(told(loaded(tmp_path), "insult")) == {"INSULT"}
    assert not (tmp_path / "ran").exists()

