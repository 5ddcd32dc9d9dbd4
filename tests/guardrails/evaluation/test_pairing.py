"""Lines pair where nothing speaks against it, whatever is missing from either file."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.evaluation.pairing import Pairing
from guardrails.evaluation.score_line import ScoreLine


def lines(rows: Sequence[int], **more: object) -> list[ScoreLine]:
    return [ScoreLine(row=row, **more) for row in rows]  # type: ignore[arg-type]


@given(st.sets(st.integers(1, 30)), st.sets(st.integers(1, 30)))
def test_every_line_comes_once_beside_its_own_row(before: set[int], after: set[int]) -> None:
    pairing = Pairing()
    found = [(one and one.row, other and other.row)
             for one, other in pairing.pair(lines(sorted(before)), lines(sorted(after)))]
    assert {one for one, _ in found if one} == before
    assert {other for _, other in found if other} == after
    assert len(found) == len(before | after)
    assert all(one == other for one, other in found if one and other)
    assert bool(pairing.why_not) == (len(before ^ after) > len(before & after))


@pytest.mark.parametrize(("one", "other"), [
    ({"source": "a"}, {"source": "b"}), ({"label": 0}, {"label": 1}), ({"bytes": 3}, {"bytes": 4})])
def test_what_cannot_be_the_same_row_is_not(one: dict[str, object], other: dict[str, object]) -> None:
    pairing = Pairing()
    assert len(list(pairing.pair(lines([1, 2], **one), lines([1, 2], **other)))) == 2
    assert pairing.why_not == "row 1 has another source, label or length in the second file"


def test_what_only_one_file_says_speaks_against_nothing() -> None:
    pairing = Pairing()
    list(pairing.pair(lines([1, 2], label=1, bytes=9), lines([1, 2])))
    assert (pairing.why_not, pairing.pairs) == ("", 2)


def test_rows_out_of_order_and_rows_that_were_said_to_differ_are_not_paired() -> None:
    shuffled = Pairing()
    assert len(list(shuffled.pair(lines([1, 3, 2]), lines([1, 2, 3])))) >= 3
    assert shuffled.why_not == "rows of the first file do not come in rising order (row 2 after row 3)"
    unwanted = Pairing(wanted=False)
    list(unwanted.pair(lines([1]), lines([1])))
    assert unwanted.why_not == "they were said to be of different rows"
