"""Knots: the line from logits to scores."""

import pytest

from guardrails.scores.knots import Knots
from guardrails.scores.scores import Scale


@pytest.mark.parametrize(("logit", "score"), [(-9.0, 0.1), (-1.0, 0.1), (0.0, 0.2), (1.0, 0.3), (2.0, 0.6), (9.0, 0.9)])
def test_between_knots_the_line_is_straight_and_beyond_them_level(logit: float, score: float) -> None:
    assert Knots([(-1, 0.1), (1, 0.3), (3, 0.9)]).score(logit) == pytest.approx(score)


@pytest.mark.parametrize("points", [[], [(0, 0.5)], [(0, 0.5), (0, 0.6)], [(0, 0.5), (1, 0.4)]])
def test_a_line_that_does_not_rise_is_refused(points: list[tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match="rise"):
        Knots(points)


def test_the_likeliest_category_has_the_score_of_toxicity_and_the_others_their_part() -> None:
    """However sure the categories are of themselves, none is surer than the text is toxic."""
    logits = {"toxicity": 1.0, "hate": 0.0, "harassment": -20.0, "sexual": -20.0, "violence": 20.0, "self_harm": -20.0,
              "injection": -9.0}
    scores = Scale(Knots([(-2, 0.0), (2, 1.0)]), Knots([(-2, 0.0), (2, 1.0)])).scores(logits)
    assert scores.toxicity["VIOLENCE"] == pytest.approx(0.75)
    assert scores.toxicity["HATE"] == pytest.approx(0.375)
    assert scores.toxicity["SEXUAL"] < 1e-6
    assert scores.injection == 0.0
