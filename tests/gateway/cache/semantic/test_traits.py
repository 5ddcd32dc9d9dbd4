"""Traits: what two questions must have in common, however near their vectors are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cache.semantic.traits import traits_of

APART = [
    ("flights to Paris on 3 May", "flights to Paris on 5 May"),
    ("flights to Paris on 3 May", "flights to Paris on 3 June"),
    ("flights to Paris in May", "flights to London in May"),
    ("flights from Paris to London", "flights from London to Paris"),
    ("convert euros to dollars", "convert dollars to euros"),
    ("Convert 5 km to miles", "Convert 5 miles to km"),
    ("a run of 5 km", "a run of 5 miles"),
    ("What is 10% of 200?", "What is 20% of 100?"),
    ("does it cost $5?", "does it cost €5?"),
    ("a table for two", "a table for three"),
    ("the third president", "the fourth president"),
    ("My order has arrived", "My order hasn't arrived"),
    ("Is this safe?", "Is this not safe?"),
    ("is it legal", "is it illegal"),
    ("coffee with sugar", "coffee without sugar"),
    ("How do I turn on Bluetooth?", "How do I turn off Bluetooth?"),
    ("How do I turn the heating up, I mean on?", "How do I turn the heating up, I mean off?"),
    ("how to log in", "how to log out"),
    ("how to login", "how to logout"),
    ("lock my account", "unlock my account"),
    ("subscribe to the letter", "unsubscribe from the letter"),
    ("what happened before the war", "what happened after the war"),
    ("what is the maximum size", "what is the minimum size"),
    ("at least one", "at most one"),
    ("is iron heavier than gold", "is gold heavier than iron"),
    ("Is C++ faster than Java?", "Is Java faster than C++?"),
    ("Who wrote it?", "When was it written?"),
    ("How many pages has it?", "How long is it?"),
    ("How old is the bridge?", "How high is the bridge?"),
    ("Explain `foo(1)`", "Explain `foo(2)`"),
    ('Translate "good morning"', 'Translate "good night"'),
    ("Say 'yes' in French", "Say 'no' in French"),
    ("Read https://a.example/1", "Read https://a.example/2"),
    ("Write to ada@example.com", "Write to bob@example.com"),
    ("What is new in TLS1.3?", "What is new in TLS1.2?"),
    ("What does HTTP mean?", "What does FTP mean?"),
    ("explain read_file", "explain read_files"),
    ("who is the president", "who was the president"),
    ("the weather today", "the weather tomorrow"),
    ("is the shop open on monday", "is the shop open on sunday"),
    ("her birthday", "his birthday"),
    ("cats and dogs", "cats or dogs"),
    ("cheap hotels", "expensive hotels"),
    ("all of them failed", "some of them failed"),
    ("Is it May or a later month?", "Is it March or a later month?"),
    ("Das ist nicht erlaubt", "Das ist erlaubt"),
    ("Ce n'est pas permis", "C'est permis"),
]
TOGETHER = [
    ("How do I reset my password?", "What is the way to reset my password?"),
    ("When does the shop open?", "Can you tell me when the shop opens?"),
    ("How much is $1,000 in euros?", "How much is 1000 dollars in euros?"),
    ("a run of 5km", "a run of 5 kilometres"),
    ("a run of five miles", "a run of 5 mi"),
    ("on the 3rd", "on the third"),
    ("What's the capital of France?", "tell me the capital of France"),
    ("France's capital?", "Which city is the capital of France?"),
    ("Please explain how a rainbow forms.", "how does a rainbow form"),
    ("Say 'hello' there", "Say \u2018Hello\u2019 there!"),
    ("I don't get it", "I do not get it"),
    ("Can I return shoes?", "can i return shoes"),
    ("It doesn\u2019t work", "It does not work"),
    ("The bus to the airport", "How do I get to the airport by bus?"),
    ("increase the limit", "raise the limit"),
]


@pytest.mark.parametrize(("one", "other"), APART)
def test_what_changes_the_answer_keeps_questions_apart(one: str, other: str) -> None:
    assert traits_of(one) != traits_of(other)


@pytest.mark.parametrize(("one", "other"), TOGETHER)
def test_other_words_for_the_same_do_not(one: str, other: str) -> None:
    assert traits_of(one) == traits_of(other)


@given(st.text(max_size=200))
def test_any_text_has_traits_and_always_the_same(text: str) -> None:
    assert traits_of(text) == traits_of(text)


@given(st.text(st.characters(codec="utf-8"), max_size=40), st.integers(0, 10**9), st.integers(0, 10**9))
def test_another_number_is_another_question_wherever_it_stands(before: str, one: int, other: int) -> None:
    before = before.replace('"', "").replace("'", "").replace("`", "")
    assert (traits_of(f"{before} {one} pieces") == traits_of(f"{before} {other} pieces")) is (one == other)
