"""A text in a language that is not allowed is found where that is sure, and code is in none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.detectors.detector import Asked
from guardrails.detectors.language import Language
from guardrails.passage import Passage
from tests.guardrails.pieces import CUTS, cut, watched

ENGLISH = Language(["en"])
TEXTS = {
    "en": "The boat leaves at noon, and we shall be on the island long before it becomes dark again.",
    "de": "Das Schiff legt mittags ab, und wir werden lange vor der Dunkelheit auf der Insel sein.",
    "fr": "Le bateau part à midi, et nous serons sur l'île bien avant que la nuit ne tombe encore.",
    "es": "El barco sale al mediodía y estaremos en la isla mucho antes de que vuelva a anochecer.",
    "pl": "Statek odpływa w południe, a na wyspie będziemy na długo przed zapadnięciem zmroku.",
    "ru": "Корабль отходит в полдень, и мы будем на острове задолго до наступления темноты.",
    "ja": "船は正午に出発し、暗くなるずっと前に島に着いているでしょう。",
    "ko": "배는 정오에 떠나고 우리는 어두워지기 훨씬 전에 섬에 도착할 것입니다.",
    "ar": "تغادر السفينة عند الظهر، وسنكون في الجزيرة قبل حلول الظلام بوقت طويل.",
}
CODE = ("def read(path):\n    for line in open(path):\n"
        "        if line.startswith('#'):\n            return parse(line)\n") * 2


def labels(language: Language, text: str) -> list[str]:
    return [finding.label for finding in language.read(Passage(text))]


@pytest.mark.parametrize("code", TEXTS)
def test_a_sentence_in_another_language_is_found_and_one_in_an_allowed_is_not(code: str) -> None:
    assert labels(ENGLISH, TEXTS[code]) == ([] if code == "en" else ["LANGUAGE"])
    assert labels(Language(["en", code]), TEXTS[code]) == []


@pytest.mark.parametrize("text", [
    "Danke schön!", CODE, "```\n" + TEXTS["de"] + "\n```", "SELECT id, name FROM kunden WHERE stadt = 'Wien';",
    "1 2 3 " * 90, '{"name": "Das Schiff", "ziel": "die Insel", "abfahrt": "mittags"}', "", "| 3 | 4 | 5 |\n" * 40,
    "x" * 5000, "https://example.com/das/schiff/legt/mittags/ab/und/wir/werden/lange/da/sein",
])
def test_code_numbers_and_a_few_words_are_in_no_language(text: str) -> None:
    assert labels(ENGLISH, text) == []


def test_a_reply_that_changes_its_language_is_found_where_it_does() -> None:
    text = TEXTS["en"] * 12 + TEXTS["fr"] * 40
    found = watched(ENGLISH.watch("content", Asked()), [text])
    assert [finding.label for finding in found] == ["LANGUAGE"]
    assert len(TEXTS["en"]) * 12 - 320 < found[0].start < len(TEXTS["en"]) * 12 + 2880


@pytest.mark.parametrize("allowed", [[], ["english"], ["en", "DE"]])
def test_what_is_no_list_of_languages_is_refused(allowed: list[str]) -> None:
    with pytest.raises(ValueError, match=r"^allowed"):
        Language(allowed)


@settings(max_examples=100, deadline=None)
@given(parts=st.lists(st.sampled_from([*TEXTS.values(), CODE, "```", "\n"]), max_size=12), cuts=CUTS)
def test_any_split_of_a_text_finds_the_same(parts: list[str], cuts: list[int]) -> None:
    text = "".join(parts)
    whole = watched(ENGLISH.watch("content", Asked()), [text])
    assert watched(ENGLISH.watch("content", Asked()), cut(text, cuts)) == whole
    assert watched(ENGLISH.watch("content", Asked()), [*text, ""]) == whole
