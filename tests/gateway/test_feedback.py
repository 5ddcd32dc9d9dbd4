"""What is said of an exchange is read strictly: what is kept for years has one meaning only."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.feedback import MAX_COMMENT, MAX_TEXT, Feedback, feedback_of
from gateway.refusal import InvalidRequest

GIVEN: dict[str, Any] = {"exchange_id": "e", "metric": "helpful", "value": True}


@pytest.mark.parametrize(("value", "number"), [
    (True, 1.0), (False, 0.0), (0, 0.0), (5, 5.0), (-0.25, -0.25), (1 << 60, float(1 << 60)), ("good", None),
    ("", None), ("x" * MAX_TEXT, None)])  # fmt: skip
def test_a_value_is_true_or_false_a_number_or_a_text(value: Any, number: float | None) -> None:
    feedback = feedback_of({**GIVEN, "value": value})
    assert (feedback.value, feedback.number) == (value, number)
    assert isinstance(feedback.value, bool) == isinstance(value, bool)


@pytest.mark.parametrize("metric", ["a", "1", "thumbs_up", "qa.score-2", "_", "m" * 64])
def test_a_metric_is_a_short_name(metric: str) -> None:
    assert feedback_of({**GIVEN, "metric": metric}).metric == metric


def test_a_comment_may_be_left_out() -> None:
    assert feedback_of(GIVEN) == feedback_of({**GIVEN, "comment": None}) == Feedback("e", "helpful", True)
    assert feedback_of({**GIVEN, "comment": "x" * MAX_COMMENT}).comment == "x" * MAX_COMMENT


@pytest.mark.parametrize(("changed", "code", "param"), [
    ({"exchange_id": None}, "missing_field", "exchange_id"), ({"metric": None}, "missing_field", "metric"),
    ({"value": None}, "missing_field", "value"), ({"exchange_id": 5}, "invalid_type", "exchange_id"),
    ({"metric": ["a"]}, "invalid_type", "metric"), ({"value": {}}, "invalid_type", "value"),
    ({"value": [True]}, "invalid_type", "value"), ({"comment": 5}, "invalid_type", "comment"),
    ({"metric": ""}, "invalid_value", "metric"), ({"metric": "m" * 65}, "invalid_value", "metric"),
    ({"metric": "a b"}, "invalid_value", "metric"), ({"metric": "-a"}, "invalid_value", "metric"),
    ({"metric": "a\n"}, "invalid_value", "metric"), ({"metric": "größe"}, "invalid_value", "metric"),
    ({"value": 10**400}, "invalid_value", "value"), ({"value": float("inf")}, "invalid_value", "value"),
    ({"value": "x" * (MAX_TEXT + 1)}, "invalid_value", "value"),
    ({"comment": "x" * (MAX_COMMENT + 1)}, "invalid_value", "comment"),
    ({"coment": "typo"}, "unknown_field", "coment"), ({"user": "ada"}, "unknown_field", "user"),
    ({"k" * 500: 1}, "unknown_field", "k" * 100)])  # fmt: skip
def test_all_else_is_refused_and_the_field_named(changed: dict[str, Any], code: str, param: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        feedback_of({**GIVEN, **changed})
    assert (refused.value.code, refused.value.param, refused.value.status) == (code, param, 400)


def test_a_refusal_does_not_repeat_what_was_written() -> None:
    with pytest.raises(InvalidRequest) as refused:
        feedback_of({**GIVEN, "metric": "call ada on 0171"})
    assert "ada" not in str(refused.value.document())
