"""The small model in the worker: what it gives, what it remembers, and that it reads what it was trained on."""

import math
from array import array
from hashlib import sha256
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from guardrails.bundled import folder_of
from guardrails.scores.fast import FastScores, Model
from guardrails.training.fasttext_file import END, Features, write
from guardrails.training.rows import OUTPUTS
from tests.guardrails.scores.models import small_model

_KNOWN = ["the", "naïve", "killed", "don't", "你好"]
_SIGNS = ".,;:\"()[]{}<>/\\|=+~`^!?\u2019\u201c\u201d\u2026"
_WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Z")), min_size=1, max_size=9)


@pytest.fixture(scope="module")
def random_model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Features, list[list[float]]]:
    """A model of random vectors, and what it was made from."""
    random = Random(5)
    features = Features([END, *_KNOWN], 3, 5, 997)
    vectors = [[random.gauss(0, 2) for _ in OUTPUTS] for _ in range(features.count)]
    path = tmp_path_factory.mktemp("model") / "model.bin"
    same = [[float(row == column) for column in range(len(OUTPUTS))] for row in range(len(OUTPUTS))]
    write(path, features, OUTPUTS, (array("f", vector).tobytes() for vector in vectors), same)
    return Model(path), features, vectors


@given(st.lists(st.one_of(_WORDS, st.sampled_from(_KNOWN)), min_size=1, max_size=12))
def test_the_reader_sees_the_features_that_were_trained(
        random_model: tuple[Model, Features, list[list[float]]], words: list[str]) -> None:
    """fastText's own reader comes to the mean of the vectors of our features, for any words: else training would be
    about something else. It looks its sigmoid up in a table, 32 places to a logit."""
    model, features, vectors = random_model
    line = " ".join(word for word in words if not word.startswith("__label__")).lower()
    assume(line and not set(line) & set(_SIGNS))
    chosen = features.of(line)
    for place, output in enumerate(OUTPUTS):
        expected = sum(vectors[number][place] for number in chosen) / len(chosen)
        if abs(expected) < 7:
            assert model.logits(line)[output] == pytest.approx(expected, abs=0.06)


def test_the_worst_piece_counts(tmp_path: Path) -> None:
    """One bad sentence in a long harmless text is as bad as alone."""
    scores = FastScores(small_model(tmp_path))
    bad = "vile. "
    harmless = "a quiet word about gardens and the sea. " * 30
    assert scores.of(bad).toxicity["HATE"] > 0.9
    assert scores.of(harmless).toxicity["HATE"] < 0.5
    assert scores.of(harmless + "x" * 300 + " " + "vile " * 40 + harmless).toxicity["HATE"] > 0.9


def test_both_guards_share_one_reading(tmp_path: Path) -> None:
    """What was scored is remembered by the text's digest, as much as was asked for, and no text is kept."""
    scores = FastScores(small_model(tmp_path), remembered=2)
    first = scores.of("vile")
    assert scores.of("vile") is first
    scores.of("one")
    scores.of("two")
    assert scores.of("vile") is not first
    assert scores.of("vile") == first
    kept = vars(scores)["_known"]
    assert len(kept) == 2
    assert all(isinstance(key, bytes) for key in kept)


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\ud800 half a surrogate", "\0", "</s> vile", "__label__toxicity",
                                  "!" * 3000])
def test_any_text_can_be_scored(tmp_path: Path, text: str) -> None:
    scores = FastScores(small_model(tmp_path)).of(text)
    assert all(math.isfinite(score) and 0 <= score <= 1 for score in [*scores.toxicity.values(), scores.injection])


def test_the_readers_own_signs_hide_nothing(tmp_path: Path) -> None:
    """fastText ends a line at </s>, and takes __label__ for no word: neither lets the rest pass unread."""
    scores = FastScores(small_model(tmp_path))
    assert scores.of("</s> vile").toxicity["HATE"] > 0.5
    assert scores.of("__label__x vile").toxicity["HATE"] > 0.5


def test_a_missing_model_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="fast"):
        FastScores(tmp_path)


@pytest.mark.parametrize("name", ["fast", "safety"])
def test_a_bundled_model_is_the_one_that_its_card_describes(name: str) -> None:
    described = msgspec.json.decode((folder_of(name) / f"{name}.json").read_bytes())
    data = (folder_of(name) / described["file"]).read_bytes()
    assert sha256(data).hexdigest() == described["sha256"]
    assert len(data) < 25_000_000
    card = (folder_of(name) / "CARD.md").read_text()
    for told in (described["sha256"], described["data_sha256"], f"seed {described['seed']}", "Licence", "cannot do"):
        assert told.lower() in card.lower()
