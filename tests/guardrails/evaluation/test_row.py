"""Rows are read from lines of JSON; what is none is told with its line, and the others go on."""

import pytest

from guardrails.evaluation.row import BadRow, Row, Span, rows_of


def read(*lines: bytes) -> list[Row | BadRow]:
    return list(rows_of(lines, "user"))


def test_a_row_has_a_label_or_spans_or_both() -> None:
    labelled, spanned, both = read(
        b'{"text": "a", "label": 1}', b'{"text": "jo@x", "spans": [{"start": 0, "end": 4, "type": "EMAIL"}]}',
        b'{"text": "b", "label": 0, "spans": [], "role": "tool", "source": "web", "cls": "ignored"}')
    assert labelled == Row(1, "a", True, None, "user", "")
    assert spanned == Row(2, "jo@x", True, (Span(0, 4, "EMAIL"),), "user", "")
    assert both == Row(3, "b", False, (), "tool", "web", ())


def test_a_negative_row_has_no_spans_whether_it_says_so_or_not() -> None:
    assert read(b'{"text": "a", "label": 0}') == [Row(1, "a", False, (), "user", "", ())]


def test_a_row_may_say_which_labels_are_right() -> None:
    some, none, unsaid = read(b'{"text": "a", "labels": ["HATE"]}', b'{"text": "b", "labels": []}',
                              b'{"text": "c", "label": 1}')
    assert isinstance(some, Row)
    assert isinstance(none, Row)
    assert isinstance(unsaid, Row)
    assert (some.positive, some.labels, none.positive, none.labels) == (True, ("HATE",), False, ())
    assert unsaid.labels is None


def test_lines_are_counted_from_where_they_begin_and_have_the_source_that_is_given() -> None:
    first, second = rows_of([b'{"text": "a", "label": 1}', b'{"text": "b", "label": 1, "source": "own"}'], "user",
                            "file", 40)
    assert isinstance(first, Row)
    assert isinstance(second, Row)
    assert (first.number, first.source, second.number, second.source) == (40, "file", 41, "own")


@pytest.mark.parametrize(("line", "reason"), [
    (b"{", "truncated"),
    (b'{"label": 1}', "text"),
    (b'{"text": "a"}', "neither `label` nor `spans` nor `labels`"),
    (b'{"text": "a", "label": 2}', "label"),
    (b'{"text": "a", "label": 1, "role": "nobody"}', "role"),
    (b'{"text": "abc", "spans": [{"start": 2, "end": 9, "type": "X"}]}', "2 to 9"),
    (b'{"text": "abc", "spans": [{"start": 2, "end": 2, "type": "X"}]}', "2 to 2"),
    (b'{"text": "\xff", "label": 1}', "utf-8"),
])
def test_what_is_no_row_says_where_and_why(line: bytes, reason: str) -> None:
    good, bad, after = read(b'{"text": "a", "label": 1}', line, b'{"text": "a", "label": true}')
    assert isinstance(bad, BadRow)
    assert bad.number == 2
    assert reason in bad.reason
    assert isinstance(good, Row)
    assert isinstance(after, Row)


def test_empty_lines_are_no_rows_and_keep_the_count_of_lines() -> None:
    assert [one.number for one in read(b"\n", b'{"text": "a", "label": 1}\n', b"  \n")] == [2]
