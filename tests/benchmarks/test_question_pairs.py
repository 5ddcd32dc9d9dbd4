"""The pairs that the semantic cache is calibrated by: enough of them, in two halves that share nothing."""

from benchmarks.question_pairs import intents_of, pairs_of


def test_there_are_two_thousand_in_each_half_and_the_same_every_time() -> None:
    for half in ("calibration", "test"):
        pairs = pairs_of(half)
        assert len(pairs) > 2000
        assert pairs == pairs_of(half)
        assert 0.25 < sum(pair.same for pair in pairs) / len(pairs) < 0.5
        assert {pair.kind for pair in pairs} >= {"same", "other", "number", "name", "date", "opposite", "negation"}
        assert all(pair.a != pair.b for pair in pairs)


def test_the_halves_share_no_text_and_no_wording() -> None:
    texts = [{text for pair in pairs_of(half) for text in (pair.a, pair.b)} for half in ("calibration", "test")]
    wordings = [{line for intent in intents_of(half) for line in intent.wordings} for half in ("calibration", "test")]
    assert not texts[0] & texts[1]
    assert not wordings[0] & wordings[1]
