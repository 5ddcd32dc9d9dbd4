"""A reply's text, judged as it grows: what leaves does not depend on how it was cut into pieces."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.detectors.detector import Asked
from guardrails.finding import Finding
from guardrails.guard import guard_of
from guardrails.inspection import Inspector
from guardrails.passage import Passage
from guardrails.patterns.pattern import Pattern
from guardrails.policy import Rule
from guardrails.redaction import Pseudonyms
from guardrails.stream import GuardedText
from guardrails.verdict import Verdict


class Mail:
    name = "mail"
    patterns = (Pattern("EMAIL", r"\b[a-z]{1,8}@[a-z]{1,8}\.com\b"), Pattern("KEY", r"k-[a-z]{2}", tail="[a-z]"))


class Plain:
    name = "plain"
    patterns = Mail.patterns[:1]


class Bad:
    name = "bad"
    patterns = (Pattern("BAD", r"(?:^|[^b])(?P<found>bad{1,3})"),)


class Long:
    """Finds that a text is longer than ten characters."""

    name = "long"

    def watch(self, channel: str, asked: Asked) -> LongWatch:
        return LongWatch()


class LongWatch:
    def __init__(self) -> None:
        self.seen = 0

    def feed(self, piece: str, last: bool) -> list[Finding]:
        before, self.seen = self.seen, self.seen + len(piece)
        return [Finding("long", "LENGTH", 10, 10, 1.0)] if before <= 10 < self.seen else []


class Broken:
    name = "broken"
    patterns = (Pattern("ANY", "[a-z]", check=lambda candidate: 1 / 0),)


def inspector(**actions: str) -> Inspector:
    detectors = {"mail": Mail(), "plain": Plain(), "bad": Bad(), "long": Long(), "broken": Broken()}
    rules = {name: Rule(action=action.partition(" ")[0], style=action.partition(" ")[2] or "placeholder")  # type: ignore[arg-type]
             for name, action in actions.items()}
    return Inspector("reply", [(guard_of(name, rule), detectors[name]) for name, rule in rules.items()], None,
                     restored=["EMAIL", "PERSON"])


def guarded(guards: Inspector, verdict: Verdict, pseudonyms: Pseudonyms | None = None,
            channel: str = "content") -> GuardedText:
    return GuardedText(guards, verdict, place="choices[0]", channel=channel, asked=Asked(), lot=0.0,
                       pseudonyms=pseudonyms)


def rendered(guards: Inspector, pieces: list[str], pseudonyms: Pseudonyms | None = None,
             channel: str = "content") -> tuple[str, list[object]]:
    """What leaves, piece for piece as soon as it may, and the findings."""
    verdict = Verdict()
    text = guarded(guards, verdict, pseudonyms, channel)
    waiting, gone, out = b"", 0, b""
    for index, piece in enumerate([*pieces, ""]):
        text.feed(piece.encode(), last=index == len(pieces))
        waiting += piece.encode()
        ready, waiting = waiting[: text.decided - gone], waiting[text.decided - gone :]
        out += text.render(ready, gone)
        gone += len(ready)
    assert waiting == b""
    return out.decode(), [(decision.finding, decision.action) for decision in sorted(verdict.decisions)]


TEXTS = st.text(alphabet="aabdk-@.com é", max_size=40) | st.lists(st.sampled_from(
    ["a@b.com", "k-abcd", "bad", " ", "baddd ", "x", "<EMAIL_1>", "é", "email_1 ", "[Email 1]", "<email_"])).map(
        "".join)
CUTS = st.lists(st.integers(0, 60), max_size=10)


@pytest.mark.parametrize("actions", [
    {"mail": "redact", "bad": "flag"}, {"mail": "redact mask", "bad": "redact"}, {"mail": "flag", "bad": "block"},
    {"mail": "redact", "bad": "block", "long": "block"}, {"mail": "block", "long": "flag"}, {},
], ids=str)
@pytest.mark.parametrize("restoring", [False, True])
@settings(max_examples=150, deadline=None)
@given(text=TEXTS, cuts=CUTS)
def test_any_split_of_a_reply_gives_the_text_and_the_verdict_of_the_whole(
        actions: dict[str, str], restoring: bool, text: str, cuts: list[int]) -> None:
    guards = inspector(**actions)
    pseudonyms = Pseudonyms()
    if restoring:
        pseudonyms.stand_in("EMAIL", "ann@secret.com")
    whole = rendered(guards, [text], pseudonyms)
    places = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    assert rendered(guards, [text[first:last] for first, last in pairwise(places)], pseudonyms) == whole
    assert rendered(guards, list(text), pseudonyms) == whole


@settings(max_examples=300, deadline=None)
@given(text=TEXTS, cuts=CUTS)
def test_no_byte_of_what_is_redacted_leaves(text: str, cuts: list[int]) -> None:
    places = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    out, _ = rendered(inspector(plain="redact"), [text[first:last] for first, last in pairwise(places)])
    assert not re.search(r"\b[a-z]{1,8}@[a-z]{1,8}\.com\b", out)


@pytest.mark.parametrize(("actions", "text", "expected"), [
    ({"mail": "redact"}, "to ann@b.com.", "to [EMAIL]."),
    ({"mail": "redact mask"}, "to ann@b.com, k-abcd efg", "to *********, ****** efg"),
    ({"mail": "redact"}, "key k-abcdefghijk!", "key [KEY]!"),
    ({"mail": "flag"}, "to ann@b.com.", "to ann@b.com."),
    ({"mail": "shadow"}, "to ann@b.com.", "to ann@b.com."),
    ({"mail": "block"}, "to ann@b.com.", "to "),
    ({"long": "block"}, "0123456789abc", "0123456789"),
    ({"long": "block", "mail": "redact"}, "0 a@b.com ééé", "0 [EMAIL] "),
])
def test_what_an_action_does_to_the_text(actions: dict[str, str], text: str, expected: str) -> None:
    assert rendered(inspector(**actions), list(text))[0] == expected


@pytest.mark.parametrize(("written", "expected"), [
    ("Dear <PERSON_1>,", "Dear Ann Bo,"), ("Dear <person_1>'s friend", "Dear Ann Bo's friend"),
    ("PERSON_1 and [Person 1] and &lt;PERSON_1&gt;", "Ann Bo and Ann Bo and Ann Bo"),
    (r"\<PERSON\_1\>!", "Ann Bo!"),
    ("PERSON_1s Hut, <PERSON_1>s Hut", "Ann Bos Hut, Ann Bos Hut"),
    ("<PERSON_2> is somebody else", "<PERSON_2> is somebody else"),
    ("person 1 came first", "person 1 came first"), ("<PERSON_12>", "<PERSON_12>"),
])
def test_a_pseudonym_comes_back_however_the_model_writes_it(written: str, expected: str) -> None:
    pseudonyms = Pseudonyms()
    assert pseudonyms.stand_in("PERSON", "Ann Bo") == "<PERSON_1>"
    assert rendered(inspector(mail="redact"), list(written), pseudonyms)[0] == expected


def test_what_is_restored_into_a_tool_calls_arguments_is_json() -> None:
    pseudonyms = Pseudonyms()
    pseudonyms.stand_in("PERSON", 'Ann "Bo"')
    out, _ = rendered(inspector(), ['{"to": "<PERSON_1>"}'], pseudonyms, "arguments:send")
    assert out == '{"to": "Ann \\"Bo\\""}'


def test_the_same_value_has_the_same_pseudonym_and_a_name_in_use_is_not_given() -> None:
    pseudonyms = Pseudonyms(["what does <EMAIL_1> mean?"])
    assert [pseudonyms.stand_in("EMAIL", value) for value in ("a@b.c", "A@b.c", "x@y.z")] == [
        "<EMAIL_2>", "<EMAIL_2>", "<EMAIL_3>"]
    assert "b.c" not in repr(pseudonyms)


def test_offsets_are_characters_and_the_text_is_nowhere_in_the_verdict() -> None:
    verdict = Verdict()
    guarded(inspector(mail="redact"), verdict).feed("é é ann@b.com é".encode(), last=True)
    assert [decision.finding for decision in verdict.decisions] == [Finding("mail", "EMAIL", 4, 13, 1.0)]
    assert "ann" not in repr(verdict) + repr(verdict.decisions)


def test_a_check_that_raises_is_a_guard_that_cannot_decide() -> None:
    verdict = Verdict()
    text = guarded(inspector(broken="block", mail="redact"), verdict)
    text.feed(b"to ann@b.com", last=True)
    assert [(failure.guard, failure.reason) for failure in verdict.failures] == [("broken", "error")]
    assert text.render(b"to ann@b.com", 0) == b"to [EMAIL]"


def test_a_passage_of_a_prompt_is_edited_as_a_whole() -> None:
    guards, verdict = inspector(mail="redact pseudonym", bad="flag"), Verdict()
    edits = guards.inspect(Passage("ann@b.com, bad, bob@b.com, ann@b.com"), 0.0, verdict, Pseudonyms())
    assert [edit.replacement for edit in edits] == [b"<EMAIL_1>", b"<EMAIL_2>", b"<EMAIL_1>"]
    assert verdict.action == "redact"
