"""Titles are found with a name, and are no part of whom it names."""

import pytest

from guardrails.redaction import Pseudonyms, replacement
from guardrails.titles import parted


@pytest.mark.parametrize(("name", "parts"), [
    ("Maria Lopez", ("", "Maria Lopez", "")),
    ("Frau Prof. Dr. Maria Lopez", ("Frau Prof. Dr. ", "Maria Lopez", "")),
    ("Sr(a). Maria Lopez, MD, PhD", ("Sr(a). ", "Maria Lopez", ", MD, PhD")),
    ("Mr and Mrs Moss", ("Mr and Mrs ", "Moss", "")),
    ("Dott.ssa Maria Lopez", ("Dott.ssa ", "Maria Lopez", "")),
    ("Henry Moss III", ("", "Henry Moss", " III")),
    ("Drew Moss", ("", "Drew Moss", "")), ("Dr.", ("", "Dr.", "")),
])
def test_a_name_is_told_from_its_titles(name: str, parts: tuple[str, str, str]) -> None:
    assert parted(name) == parts


def test_a_person_has_one_pseudonym_with_and_without_titles() -> None:
    """The titles stay, so that the model knows how to write to her, and the reply has them once."""
    pseudonyms = Pseudonyms()
    given = [replacement("pseudonym", "PERSON", name.encode(), pseudonyms).decode()
             for name in ("Frau Dr. Maria Lopez", "Maria Lopez", "Maria Lopez Jr.", "Dr. Bo Moss")]
    assert given == ["Frau Dr. <PERSON_1>", "<PERSON_1>", "<PERSON_1> Jr.", "Dr. <PERSON_2>"]
    assert pseudonyms.restored(b"<PERSON_1>") == b"Maria Lopez"


def test_a_placeholder_takes_the_titles_too() -> None:
    assert replacement("placeholder", "PERSON", b"Dr. Maria Lopez", None) == b"[PERSON]"


def test_only_persons_have_titles() -> None:
    assert replacement("pseudonym", "ADDRESS", b"Don Bosco 5", Pseudonyms()) == b"<ADDRESS_1>"
