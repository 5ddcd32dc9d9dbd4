"""Sentences as vectors: by the real model, over the real socket, and folders that hold none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from guardrails.classifiers.classifier import ClassifierAway, Span, Vector
from guardrails.classifiers.embedding import model_folder
from guardrails.classifiers.encoder import Encoder, Unusable, shape_in
from guardrails.classifiers.loading import makers_of
from guardrails.classifiers.memory import Memory
from guardrails.classifiers.sentences import MINILM, Sentences
from guardrails.classifiers.settings import ClassifierSettings, EmbedderSettings
from tests.guardrails.classifiers.test_process import running


@pytest.fixture(scope="module")
def sentences() -> Sentences:
    return Sentences(MINILM, model_folder(), Encoder.in_folder(model_folder()))


def vector(sentences: Sentences, text: str) -> Any:
    cut = sentences.cut(text)
    return np.frombuffer(sentences.conclude(text, cut.windows, sentences.read(cut.pieces)).values, "<f4")


def test_the_same_in_other_words_is_nearer_than_another_question(sentences: Sentences) -> None:
    one, alike, other = (vector(sentences, text) for text in (
        "How do I reset my password?", "What is the way to reset my password?", "Which museum is open on Monday?"))
    assert one @ alike > 0.9
    assert one @ other < 0.3
    assert float(np.linalg.norm(one)) == pytest.approx(1.0, abs=1e-5)


def test_many_read_together_are_what_each_is_alone(sentences: Sentences) -> None:
    texts = ["short", "How do I reset my password?", "a rather longer question, of more words than the others have"]
    together = sentences.read([sentences.cut(text).pieces[0] for text in texts])
    for text, row in zip(texts, together, strict=True):
        assert float(row @ vector(sentences, text)) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("text", ["", "word " * 300])
def test_what_is_no_text_or_too_long_has_no_vector(sentences: Sentences, text: str) -> None:
    assert not sentences.cut(text).pieces


async def test_vectors_come_over_the_socket_as_they_are(tmp_path: Path, sentences: Sentences) -> None:
    async with running(tmp_path) as run:
        run.readings.add(sentences)
        texts = ["How do I log in?", "word " * 300, "How do I log in?"]
        for _ in range(2):  # the second time they are remembered
            one, long, again = await run.client.embed(MINILM, texts, 20.0)
            assert np.frombuffer(one.values, "<f4") @ vector(sentences, texts[0]) == pytest.approx(1.0, abs=1e-5)
            assert (one, one.mark, long.values) == (again, sentences._encoder.mark, b"")
        assert await run.client.embed(MINILM, ["word " * 300], 20.0) == [Vector(b"", b"")]


async def test_who_asks_for_what_a_classifier_does_not_give_is_told(tmp_path: Path, sentences: Sentences) -> None:
    async with running(tmp_path) as run:
        run.readings.add(sentences)
        with pytest.raises(ClassifierAway):
            await run.client.embed("scripted", ["X"], 20.0)
        with pytest.raises(ClassifierAway):
            await run.client.read(MINILM, ["X"], 20.0)
        assert await run.ask("X") == [[Span("X", 0, 1, 1.0)]]


def test_a_vector_weighs_what_it_takes_in_the_memory() -> None:
    memory = Memory(limit=60)
    for number in range(10):
        memory.put(("minilm", bytes([number])), Vector(b"m", bytes(1536)))
    assert len(memory) == 2


def test_topics_and_minilm_read_with_one_model() -> None:
    makers = makers_of(ClassifierSettings(load=["topics", "minilm"]))
    topics: Any = makers["topics"]()
    minilm: Any = makers["minilm"]()
    assert topics._encoder is minilm._encoder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "own"
    shutil.copytree(model_folder(), found, copy_function=_linked)
    return found


def _linked(source: str, target: str) -> None:
    Path(target).symlink_to(source) if source.endswith(".safetensors") else shutil.copy(source, target)


def test_a_folder_of_ones_own_is_read_under_its_name_and_has_a_mark_of_its_own(folder: Path) -> None:
    made: Any = makers_of(ClassifierSettings(load=[], embedders={"own": EmbedderSettings(folder=str(folder))}))["own"]()
    same = Encoder.in_folder(model_folder())
    assert (made.name, made._encoder.mark) == ("own", same.mark)
    (folder / "tokenizer.json").write_text((folder / "tokenizer.json").read_text() + "\n")
    assert Encoder.in_folder(folder).mark != same.mark


@pytest.mark.parametrize(("field", "value", "said"), [
    ("model_type", "roberta", "model_type"), ("hidden_act", "relu", "hidden_act"),
    ("position_embedding_type", "relative_key", "position_embedding_type"), ("num_hidden_layers", "six", "BERT"),
])
def test_a_model_of_another_make_is_told(folder: Path, field: str, value: str, said: str) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))
    with pytest.raises(Unusable, match=said):
        shape_in(folder)


def test_a_folder_without_its_files_and_another_pooling_are_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Unusable, match=r"no .*config\.json"):
        shape_in(tmp_path)
    pooling = folder / "1_Pooling" / "config.json"
    pooling.write_text('{"pooling_mode_mean_tokens": false}')
    with pytest.raises(Unusable, match="mean"):
        shape_in(folder)
    (folder / "config.json").write_text("[]")
    with pytest.raises(Unusable, match="JSON"):
        shape_in(folder)
