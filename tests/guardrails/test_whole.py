"""A whole text in blocks gives the same clusters as in one piece, and can be left off between two of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.patterns import whole
from guardrails.patterns.pattern import Pattern
from guardrails.patterns.scanner import Scanner
from guardrails.patterns.window import Window

SCANNER = Scanner([Pattern("MAIL", r"\b[a-z]{1,8}@[a-z]{1,8}\.com\b"), Pattern("KEY", "k-[a-z]{2}", tail="[a-z]"),
                   Pattern("BAD", r"(?:^|[^b])(?P<found>bad{1,3})")])
TEXTS = st.text(alphabet="aabdk-@.com é", max_size=200) | st.lists(st.sampled_from(
    ["a@b.com", "k-abcdefgh", "bad", " ", "baddd ", "x", "é", "k-"]), max_size=60).map("".join)


@settings(max_examples=300)
@given(TEXTS)
def test_blocks_give_what_one_piece_gives(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whole, "BLOCK_CHARACTERS", 7)
        blocks = list(whole.clusters_of(SCANNER, text))
    assert blocks == list(Window(SCANNER).feed(text.encode(), last=True))


@given(st.lists(TEXTS, max_size=6))
def test_texts_that_are_asked_about_together_hide_nothing(texts: list[str]) -> None:
    together = set(SCANNER.which("\n".join(texts).encode()))
    for text in texts:
        assert set(SCANNER.which(text.encode())) <= together


def test_what_was_stopped_is_not_looked_at() -> None:
    text = "x" * whole.BLOCK_CHARACTERS + " a@b.com"
    assert list(whole.clusters_of(SCANNER, text, lambda: True)) == []
    assert len(list(whole.clusters_of(SCANNER, text))) == 1
