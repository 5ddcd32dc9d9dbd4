"""Judges of stretches: what a client reads is the same however a reply is cut, and whoever is quicker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.detectors.detector import Asked, SlowReader
from guardrails.finding import Finding
from guardrails.guard import Guard, guard_of
from guardrails.inspection import Inspector
from guardrails.opinions import Gathered, Opinion, Question
from guardrails.passage import Passage
from guardrails.patterns.pattern import Pattern
from guardrails.policy import ClassifierRule
from guardrails.stream import GuardedText, whole
from guardrails.stretch_judging import ask_all
from guardrails.stretches import Stretch, stretches_of
from guardrails.verdict import Verdict
from tests.guardrails.pieces import cut


class Mail:
    name = "mail"
    patterns = (Pattern("EMAIL", r"\b[a-z]{1,8}@[a-z]{1,8}\.com\b"), Pattern("KEY", r"k-[a-z]{2}", tail="[a-z ]"))


class Long:
    """Finds that a text is longer than 150 characters."""

    name = "long"

    def watch(self, channel: str, asked: Asked) -> LongWatch:
        return LongWatch()


class LongWatch:
    def __init__(self) -> None:
        self.seen = 0

    def feed(self, piece: str, last: bool) -> list[Finding]:
        before, self.seen = self.seen, self.seen + len(piece)
        return [Finding("long", "LENGTH", 150, 150, 1.0)] if before <= 150 < self.seen else []


class Rude:
    """Judges at once: a stretch that says `rude`, or that says `so` behind one that says `rude`."""

    name = "rude"

    def judge(self, context: str, stretch: str) -> list[Finding]:
        told = "rude" in stretch or ("so" in stretch and context.rstrip().endswith("rude."))
        return [Finding("rude", "RUDE", 0, 0, 0.9)] if told else []


class Slow:
    """Judges in time: finds the word `vile`."""

    name = "slow"

    async def read_all(self, passages: Sequence[Passage]) -> list[list[Finding]]:
        return [[Finding("slow", "VILE", at, at + 4, 0.8) for at in range(len(one.text)) if one.text[at:].startswith(
            "vile")] for one in passages]


class Broken:
    name = "broken"

    def judge(self, context: str, stretch: str) -> list[Finding]:
        raise ZeroDivisionError


DETECTORS = {"mail": Mail, "long": Long, "rude": Rude, "slow": Slow, "broken": Broken}


def inspector(**actions: str) -> Inspector:
    """Each guard does what it is said to: an action, and a style behind it."""
    rules = {name: ClassifierRule(action=action.partition(" ")[0], style=action.partition(" ")[2] or "placeholder",  # type: ignore[arg-type]
                                  when="before")
             for name, action in actions.items()}
    return Inspector("reply", [(guard_of(name, rule, side="reply"), DETECTORS[name]()) for name, rule in rules.items()],
                     None)


class Later:
    """Opinions that come in an order of their own."""

    def __init__(self, known: Gathered) -> None:
        self._known = known
        self.waiting: list[tuple[Opinion, Opinion, Callable[[], None]]] = []

    def ask(self, guard: Guard, reader: SlowReader, asked: Question, told: Callable[[], None]) -> Opinion:
        opinion = Opinion()
        self.waiting.append((opinion, self._known.ask(guard, reader, asked, told), told))
        return opinion

    def tell(self, number: int) -> None:
        opinion, known, told = self.waiting.pop(number % len(self.waiting))
        opinion.findings, opinion.failure = known.findings, known.failure
        told()


def gathered(guards: Inspector, text: str, as_json: bool = False) -> Gathered:
    opinions = Gathered()
    ask_all(guards, text, place="p", as_json=as_json, lot=0.0, opinions=opinions)
    asyncio.run(opinions.gather())
    return opinions


def guarded(guards: Inspector, verdict: Verdict, opinions: Any = None, channel: str = "content") -> GuardedText:
    return GuardedText(guards, verdict, place="p", channel=channel, asked=Asked(), lot=0.0, pseudonyms=None,
                       opinions=opinions)


def outcome(verdict: Verdict) -> Any:
    return sorted((one.finding, one.action) for one in verdict.decisions), verdict.failures


def at_once(guards: Inspector, text: str, channel: str = "content") -> tuple[str, Any]:
    verdict = Verdict()
    judged = guarded(guards, verdict, gathered(guards, text, channel.startswith("arguments")), channel)
    out = whole(judged, text.encode()).decode()
    assert judged.settled
    return out, outcome(verdict)


def streamed(guards: Inspector, pieces: list[str], order: list[int]) -> tuple[str, Any]:
    """What leaves, piece for piece as soon as it may, while the slow judges tell in ``order``."""
    verdict, later = Verdict(), Later(gathered(guards, "".join(pieces)))
    text = guarded(guards, verdict, later)
    data, gone, out, turns = b"", 0, b"", iter(order)

    def leave() -> None:
        nonlocal gone, out
        if text.decided > gone:
            out += text.render(data[gone : text.decided], gone)
            gone = text.decided

    for index, piece in enumerate([*pieces, ""]):
        data += piece.encode()
        text.feed(piece.encode(), last=index == len(pieces))
        leave()
        if later.waiting and (turn := next(turns, None)) is not None:
            later.tell(turn)
            leave()
    while later.waiting:
        later.tell(next(turns, 0))
        leave()
    assert text.settled
    assert text.finished or gone == len(data)
    return out.decode(), outcome(verdict)


TEXTS = st.lists(st.sampled_from([
    "It is a sentence of some words, and quite harmless. ", "That was rude. ", "Why so? ", "vile ", "ann@b.com ",
    "k-abcd and so ", "é😀 ", "\n", "You are a very rude and vile person, I have to tell you. ", "word " * 9,
    "x" * 310, "write to bob@", "c.com. "]), max_size=9).map("".join)
CUTS = st.lists(st.integers(0, 900), max_size=10)
ORDERS = st.lists(st.integers(0, 9), max_size=12)
POLICIES = [
    {"rude": "redact"}, {"rude": "block"}, {"rude": "flag"}, {"slow": "redact mask", "mail": "redact"},
    {"slow": "block", "rude": "redact", "mail": "flag"}, {"slow": "flag", "rude": "block", "long": "block"},
    {"slow": "shadow", "mail": "block", "long": "flag"}, {"slow": "redact", "rude": "flag", "mail": "block"},
]


@pytest.mark.parametrize("actions", POLICIES, ids=str)
@settings(max_examples=25, deadline=None)
@given(text=TEXTS, cuts=CUTS, order=ORDERS)
def test_any_cut_and_any_order_gives_the_text_and_the_verdict_of_the_whole(
        actions: dict[str, str], text: str, cuts: list[int], order: list[int]) -> None:
    guards = inspector(**actions)
    expected = at_once(guards, text)
    assert streamed(guards, cut(text, cuts), order) == expected
    assert streamed(guards, list(text), order) == expected


FINE = "It is a sentence of some words, and quite harmless. "
RUDE = "You are a very rude person, I have to tell you. "


@pytest.mark.parametrize(("actions", "text", "expected"), [
    ({"rude": "block"}, FINE + RUDE + FINE, FINE),
    ({"rude": "redact"}, FINE + RUDE + FINE, FINE + "[RUDE] " + FINE),
    ({"rude": "redact mask"}, RUDE + "\n" + FINE, "*" * (len(RUDE) - 1) + " \n" + FINE),
    ({"rude": "flag"}, FINE + RUDE, FINE + RUDE),
    ({"slow": "redact"}, FINE + "vile " + FINE, FINE + "[VILE] "),
    ({"rude": "redact", "mail": "redact"}, FINE + "Be rude to ann@b.com, or to anybody else here. " + "ann@b.com",
     FINE + "[RUDE] [EMAIL]"),
])
def test_what_an_action_does_to_a_stretch(actions: dict[str, str], text: str, expected: str) -> None:
    assert at_once(inspector(**actions), text)[0] == expected


def test_who_only_tells_holds_nothing_back() -> None:
    text = guarded(inspector(rude="flag", slow="shadow"), Verdict(), Later(Gathered()))
    text.feed(b"You are")
    assert text.decided == 7
    assert not guarded(inspector(rude="block"), Verdict()).decided


def test_a_text_waits_for_the_stretch_and_not_longer() -> None:
    text = guarded(inspector(rude="block"), Verdict())
    text.feed(FINE.rstrip().encode())
    assert text.decided == 0
    text.feed(b" Next")
    assert text.decided == len(FINE)


@pytest.mark.parametrize("action", ["block", "flag"])
def test_a_judge_that_raises_cannot_decide_and_the_text_is_the_policy_s_to_hold(action: str) -> None:
    out, (found, failures) = at_once(inspector(broken=action), FINE)
    assert (out, found) == (FINE, [])
    assert [(one.guard, one.side, one.reason) for one in failures] == [("broken", "reply", "error")]


def test_findings_stand_at_their_place_in_the_whole_text() -> None:
    _, (found, _) = at_once(inspector(slow="flag", rude="flag"), "é " + FINE + "A vile and rude person. ")
    start = len("é " + FINE)
    assert [one for one, _ in found] == [Finding("rude", "RUDE", start, start + 24, 0.9),
                                         Finding("slow", "VILE", start + 2, start + 6, 0.8)]


def test_what_lies_in_the_context_alone_was_told_with_another_stretch() -> None:
    question = Question(Stretch(8, 12, 8, "before. ", "text"), "p", False)
    assert question.passage.text == "before. text"
    found = [Finding("a", "L", start, end, 0.9) for start, end in ((0, 6), (4, 10), (9, 11), (0, 0))]
    assert [one[2:4] for one in question.answered(found)] == [(0, 2), (1, 3), (0, 0)]


def test_the_arguments_of_a_call_are_read_as_they_are_meant_and_end_where_they_would_be_edited() -> None:
    """What stands for a stretch of JSON would be none, so a redaction blocks."""
    arguments = '{"to": "somebody whom we know", "text": "\\u0072ude\\n words"}'
    out, (found, _) = at_once(inspector(rude="redact"), arguments, "arguments:send")
    assert out == ""
    assert [(one, action) for one, action in found] == [(Finding("rude", "RUDE", 0, len(arguments), 0.9), "block")]


def test_the_texts_that_judges_see_are_the_stretches_with_some_of_what_came_before() -> None:
    seen: list[tuple[str, str]] = []

    class Seeing(Rude):
        def judge(self, context: str, stretch: str) -> list[Finding]:
            seen.append((context, stretch))
            return []

    guards = Inspector("reply", [(guard_of("rude", ClassifierRule(action="block"), side="reply"), Seeing())], None)
    text = FINE * 20 + "   "
    whole(guarded(guards, Verdict()), text.encode())
    assert seen == [(one.context, one.text) for one in stretches_of(text)][:-1], "blanks are nobody's to judge"
    assert 500 < len(seen[-1][0]) <= 600
