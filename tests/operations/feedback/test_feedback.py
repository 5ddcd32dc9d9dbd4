"""The newest of each metric counts, however often and in whatever order it was sent."""

from __future__ import annotations

from itertools import count, pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from operations.feedback.feedback import standing_in, without_repeats

NUMBERS = count(1)


def said(value: Any, metric: str = "helpful", kind: str = "feedback", **fields: Any) -> dict[str, Any]:
    return {"id": f"feedback-{next(NUMBERS):032x}", "kind": kind, "exchange_id": "e", "name": metric, "tenant": "shop",
            "content": "", "value": None if isinstance(value, str) else float(value), "body": {"value": value},
            **fields}


def told(*rows: dict[str, Any]) -> list[Any]:
    return [row["body"]["value"] for row in without_repeats(rows)]


def test_the_same_again_is_nothing_new() -> None:
    assert told(said(True), said(True), said(True)) == [True]


def test_a_change_is_new_and_so_is_a_change_back() -> None:
    assert told(said(True), said(False), said(False), said(True)) == [True, False, True]


def test_another_comment_is_new() -> None:
    rows = [said(True), said(True, body={"value": True, "comment": "thanks"})]
    assert without_repeats(rows) == rows


def test_what_its_sender_calls_the_same_is_no_change_back() -> None:
    first, other = said(True), said(False)
    again = {**first, "id": first["id"] + "-2"}
    assert without_repeats([first, other, again]) == [first, other]


def test_one_is_not_true() -> None:
    """A caller who changes what its metric means has said something else."""
    assert [type(value) for value in told(said(True), said(1.0))] == [bool, float]


def test_metrics_tenants_and_exchanges_do_not_mix() -> None:
    rows = [said(True), said(True, "kind"), said(True, tenant="bank"), said(True, exchange_id="f")]
    assert without_repeats(rows) == rows


def test_signals_of_other_kinds_are_told_as_they_are() -> None:
    rows = [said(True, kind="guard")] * 2
    assert without_repeats(rows) == rows


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.sampled_from([True, False, 1.0, "text"]))))
def test_what_stands_is_what_was_said_last(sayings: list[tuple[str, Any]]) -> None:
    rows = [said(value, metric) for metric, value in sayings]
    for metric in ("a", "b"):
        of_metric = [row["body"]["value"] for row in without_repeats(rows) if row["name"] == metric]
        all_said = [value for name, value in sayings if name == metric]
        assert of_metric[-1:] == all_said[-1:]
        standing = [row["body"]["value"] for row in rows if row["name"] == metric and row["id"] in standing_in(rows)]
        assert standing == all_said[-1:]
        assert all((one, type(one)) != (other, type(other)) for one, other in pairwise(of_metric))
