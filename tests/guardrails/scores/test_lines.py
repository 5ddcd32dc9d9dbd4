"""Lines: what the small model is given of a text."""

from hypothesis import given
from hypothesis import strategies as st

from guardrails.scores.lines import PIECE, lines_of, pieces_of


@given(st.text(max_size=2000))
def test_pieces_are_the_text(text: str) -> None:
    """Nothing is left out and nothing is read twice; no piece is longer than the bound."""
    pieces = pieces_of(text)
    assert "".join(pieces) == text
    assert all(len(piece) <= PIECE for piece in pieces)


@given(st.text(max_size=600))
def test_a_line_is_one_line(text: str) -> None:
    """No sign of a text can end the line for the reader, which would leave the rest unread."""
    for line in lines_of(text):
        assert not set(line) & {"\n", "\r", "\0", "<", ">"}


def test_a_piece_ends_with_a_sentence_where_it_can() -> None:
    first = "One sentence that is rather long, " * 6 + "and ends. "
    assert pieces_of(first + "x" * 200)[0] == first


def test_words_are_not_cut_where_there_are_blanks() -> None:
    assert all(piece.endswith(" ") for piece in pieces_of("word " * 200)[:-1])


def test_signs_that_separate_are_gone_and_those_that_shout_stand_alone() -> None:
    assert lines_of("Go, \u201cAWAY\u201d! Don\u2019t <b>stay</b>.") == ["go   away  !  don't  b stay  b  "]
