"""The prompts that names and addresses are measured by are marked where the marks say, and belong to one part each."""

import pytest

from guardrails.training.names_written import PARTS, row, rows


def test_a_marked_prompt_is_a_text_with_spans() -> None:
    made = row("Ask {P:Dr. ~Maria Lopez}, {A:5 Elm Rd}.")
    assert made["text"] == "Ask Dr. Maria Lopez, 5 Elm Rd."
    assert made["spans"] == [{"start": 4, "end": 19, "type": "PERSON"}, {"start": 21, "end": 29, "type": "ADDRESS"}]


@pytest.mark.parametrize("part", PARTS)
def test_every_part_has_both_kinds_of_rows_and_no_mark_is_left(part: str) -> None:
    made = list(rows(part))
    assert {one["label"] for one in made} == {0, 1}
    assert not [one["text"] for one in made if any(mark in one["text"] for mark in ("{P:", "{A:", "===", "~"))]


def test_a_prompt_is_in_one_part() -> None:
    texts = [one["text"] for part in PARTS for one in rows(part)]
    assert len(set(texts)) == len(texts)
