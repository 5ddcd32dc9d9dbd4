"""Titles are found with a name, and are no part of whom it names."""

import pytest

from guardrails.compiling import guards_of
from guardrails.evaluation.examiner import judge
from guardrails.finding import Finding
from guardrails.passage import Passage
from guardrails.policy import Policy, PromptRules, Rule
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


class People:
    """Takes every text for a person."""

    name = "injection"
    labels = ("PERSON",)

    def read(self, passage: Passage) -> list[Finding]:
        return [Finding(self.name, "PERSON", 0, len(passage.text), 1.0)]


def test_who_is_allowed_is_so_with_titles_too() -> None:
    policy = Policy(prompt=PromptRules(injection=Rule(action="redact")), allow=["Maria Lopez"])
    guards = guards_of("p", policy, {"injection": lambda rule: People()})
    texts = ["Maria Lopez", "Frau Dr. Maria Lopez", "Frau Dr. Lopez"]
    assert [judge(guards, "prompt", Passage(text, "user")).text for text in texts] == [*texts[:2], "[PERSON]"]


def test_a_placeholder_takes_the_titles_too() -> None:
    assert replacement("placeholder", "PERSON", b"Dr. Maria Lopez", None) == b"[PERSON]"


def test_only_persons_have_titles() -> None:
    assert replacement("pseudonym", "ADDRESS", b"Don Bosco 5", Pseudonyms()) == b"<ADDRESS_1>"
