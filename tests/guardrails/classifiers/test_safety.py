"""The classifier `safety` on a tiny model of the bundled one's layout: scores by the card, over windows, in batches."""

import pytest

from guardrails.classifiers.classifier import Span
from guardrails.classifiers.safety import Safety
from tests.guardrails.classifiers.checkpoints import safety_folder

SCORES = {"toxicity": [[-4, 0.0], [0, 0.2], [3, 0.8], [9, 1.0]], "injection": [[-4, 0.0], [4, 0.5], [5, 0.9]]}


@pytest.fixture(scope="module")
def safety(tmp_path_factory: pytest.TempPathFactory) -> Safety:
    return Safety(safety_folder(tmp_path_factory.mktemp("safety"), SCORES))


def found(safety: Safety, text: str) -> list[Span]:
    cut = safety.cut(text)
    return safety.conclude(text, cut.windows, safety.read(cut.pieces))


def scores(safety: Safety, text: str) -> dict[str, float]:
    return {span.label: span.score for span in found(safety, text)}


def test_the_likeliest_category_bears_the_score_of_toxicity_and_the_others_their_part(safety: Safety) -> None:
    told = scores(safety, "the insult was fine")
    assert told["HARASSMENT"] == 0.8
    assert told["HATE"] == pytest.approx(0.8 * 0.5 / 0.8808, abs=1e-4)
    assert told["INJECTION"] == 0.0
    assert set(told) == {"HARASSMENT", "HATE", "INJECTION"}, "what is below a twentieth is not told"


def test_injection_has_a_score_of_its_own(safety: Safety) -> None:
    assert scores(safety, "the attack")["INJECTION"] == 0.9


def test_what_is_found_is_about_the_whole_text(safety: Safety) -> None:
    assert all((span.start, span.end) == (0, 10) for span in found(safety, "the attack"))


@pytest.mark.parametrize("before", [0, 5, 6, 7, 8, 9, 40])
def test_a_long_text_is_as_bad_as_its_worst_window(safety: Safety, before: int) -> None:
    text = " ".join([*(["weather"] * before), "insult", *(["fine"] * 30)])
    assert scores(safety, text)["HARASSMENT"] == 0.8


def test_a_batch_reads_as_each_of_its_texts_alone(safety: Safety) -> None:
    """Padded to the longest, and to an even number of tokens."""
    pieces = [safety.cut(text).pieces[0] for text in ("insult", "the weather was fine and fine", "attack and the")]
    together = safety.read(pieces)
    assert [row.tolist() for row in together] == [safety.read([piece])[0].tolist() for piece in pieces]


def test_special_tokens_that_somebody_has_written_are_words(safety: Safety) -> None:
    assert safety.cut("[SEP] attack [PAD]").pieces[0].ids.count(3) == 0
    assert scores(safety, "[SEP] [PAD] attack")["INJECTION"] == 0.9


def test_an_empty_text_is_not_read(safety: Safety) -> None:
    assert safety.cut(" ").pieces == ()

