"""A ranking has every row once, at its score."""

import random
from collections import Counter

from hypothesis import given

from guardrails.evaluation.ranking import GroupedScores, Step, totals
from tests.guardrails.evaluation.rankings import ROWS, Row, ranking


@given(ROWS)
def test_a_ranking_counts_rows_by_score_from_the_highest_down(rows: list[Row]) -> None:
    counts = Counter(rows)
    found = ranking(rows)
    assert [step.score for step in found] == sorted({score for _, score in rows}, reverse=True)
    assert all(step == Step(step.score, counts[True, step.score], counts[False, step.score]) for step in found)
    assert totals(found) == (sum(positive for positive, _ in rows), sum(not positive for positive, _ in rows))


@given(ROWS)
def test_the_order_of_rows_is_of_no_account(rows: list[Row]) -> None:
    assert ranking(random.Random(1).sample(rows, len(rows))) == ranking(rows)


def test_scores_are_told_apart_to_the_last_bit() -> None:
    assert len(ranking([(True, 0.1 + 0.2), (True, 0.3)])) == 2


def test_groups_have_their_own_rankings_and_one_together() -> None:
    scores = GroupedScores()
    scores.add("chat", "user", True, 0.9)
    scores.add("chat", "tool", False, 0.4)
    scores.add("mail", "user", False, 0.9)
    assert scores.ranking() == [Step(0.9, 1, 1), Step(0.4, 0, 1)]
    assert scores.by_source() == {"chat": [Step(0.9, 1, 0), Step(0.4, 0, 1)], "mail": [Step(0.9, 0, 1)]}
    assert scores.by_role() == {"tool": [Step(0.4, 0, 1)], "user": [Step(0.9, 1, 1)]}
