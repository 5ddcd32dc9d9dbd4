"""What people write by hand is kept without whom it names and what it gives away."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.free_text import FreeText
from gateway.refusal import GuardUnavailable
from guardrails.passage import Passage

FREE_TEXT = FreeText(ThreadPoolExecutor(1))
KEY = "AKIA" + "Z7QK3M2XW5RT8YBN"


def test_personal_data_and_secrets_are_taken_out() -> None:
    text = f"Write to jo.doe@example.org, grüße; my key is {KEY}."
    assert FREE_TEXT.cleared(text, "comment") == "Write to [EMAIL], grüße; my key is [AWS_ACCESS_KEY]."


@pytest.mark.parametrize("text", ["", "good", "Not what I asked for: 3 of 10 steps missing. ☹"])
def test_what_names_nobody_stays_as_it_was(text: str) -> None:
    assert FREE_TEXT.cleared(text, "comment") == text


def test_a_text_that_a_detector_could_not_look_at_is_not_kept() -> None:
    """Fails closed: a detector's bug must not become a leak."""
    class Broken:
        def read(self, passage: Passage) -> list[object]:
            raise RuntimeError("a bug")

    free_text = FreeText(ThreadPoolExecutor(1))
    inspector = free_text._inspector.result()
    inspector.readers.append((inspector.guards[0], Broken()))  # type: ignore[arg-type]
    with pytest.raises(GuardUnavailable) as refused:
        free_text.cleared("call jo", "comment")
    assert refused.value.param == "comment"
    assert "jo" not in refused.value.message
