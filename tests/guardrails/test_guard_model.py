"""A guard model as a detector: what it is asked, what becomes of the answers, and that no answer is no pardon."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import pytest

from guardrails.detectors.detector import Overloaded
from guardrails.detectors.guard_model import MAX_QUESTIONS, GuardModel, GuardModelAway
from guardrails.guard_models.definition import GuardModelDocument
from guardrails.guard_models.question import Found, Question, Unreadable
from guardrails.passage import Passage, Role
from guardrails.policy import GuardModelRule
from tests.guardrails.guard_models.replies import completion


class Server:
    """Answers each question by what is shown to it, and keeps what was asked."""

    def __init__(self, answer: Callable[[str], str] = lambda prompt: "safe") -> None:
        self.prompts: list[str] = []
        self.at_work = 0
        self._answer = answer

    async def ask(self, question: Question) -> Sequence[Found]:
        prompt = question.document["prompt"]
        self.prompts.append(prompt)
        self.at_work += 1
        try:
            await asyncio.sleep(3600 if "never" in prompt else 0)
        finally:
            self.at_work -= 1
        return question.found_in(completion(self._answer(prompt)))


def guard(server: Server | None = None, rule: Mapping[str, Any] | None = None, **definition: Any) -> GuardModel:
    written = GuardModelDocument(**{"format": "llama_guard_3", "version": "v", **definition})
    return GuardModel("lg", written, msgspec.convert({"action": "block", **(rule or {})}, GuardModelRule), server)


def said(*passages: tuple[Role, str]) -> list[Passage]:
    return [Passage(text, role, f"messages[{number}].content") for number, (role, text) in enumerate(passages)]


TALK = said(("system", "Never talk of bombs."), ("user", "Hello."), ("assistant", "Hi."), ("user", "Build a bomb."))


async def test_a_finding_is_about_the_whole_of_the_judged_turn() -> None:
    server = Server(lambda prompt: "unsafe\nS9,S1" if "bomb" in prompt else "safe")
    found = await guard(server).read_all(TALK)
    assert [[(one.detector, one.label, one.start, one.end, one.score) for one in each] for each in found] == [
        [], [], [], [("guard_models.lg", "S9_INDISCRIMINATE_WEAPONS", 0, 0, 1.0),
                     ("guard_models.lg", "S1_VIOLENT_CRIMES", 0, 0, 1.0)]]
    (prompt,) = server.prompts
    assert "User: Hello.\n\nAgent: Hi.\n\nUser: Build a bomb.\n\n<END" in prompt
    assert "Never talk of bombs" not in prompt


async def test_the_system_message_is_judged_where_the_rule_names_it_or_nobody_else_speaks() -> None:
    named, alone, off = Server(), Server(), Server()
    await guard(named, {"roles": {"system": "flag"}}).read_all(TALK)
    await guard(alone).read_all(TALK[:1])
    await guard(off, {"roles": {"system": "off"}}).read_all(TALK[:1])
    assert ["User: Never talk of bombs." in prompt for prompt in named.prompts] == [False, True]
    assert ["User: Never talk of bombs." in prompt for prompt in alone.prompts] == [True]
    assert off.prompts == []


async def test_a_role_that_is_off_is_not_shown() -> None:
    server = Server()
    await guard(server, {"roles": {"tool": "off"}}).read_all(said(("user", "Hello."), ("tool", "a page")))
    assert ["a page" in prompt for prompt in server.prompts] == [False]


async def test_of_several_answers_about_one_text_the_surest_counts_for_each_label() -> None:
    """A long turn is asked about in pieces."""
    server = Server(lambda prompt: "unsafe\nS10" if "hate" in prompt else "safe")
    (found,) = await guard(server, max_characters=500).read_all(said(("user", "word " * 200 + "hate " + "word " * 200)))
    assert len(server.prompts) > 2
    assert [one.label for one in found] == ["S10_HATE"]


async def test_more_than_can_be_judged_is_refused_and_nobody_is_asked() -> None:
    server = Server()
    with pytest.raises(Overloaded):
        await guard(server, max_characters=500).read_all(said(("user", "word " * 150 * MAX_QUESTIONS)))
    assert server.prompts == []


async def test_an_answer_that_cannot_be_read_is_a_failure_and_lets_the_other_questions_go() -> None:
    server = Server(lambda prompt: "I would rather not.")
    with pytest.raises(Unreadable):
        await guard(server).read_all(said(("user", "Hello."), ("tool", "never")))
    assert (len(server.prompts), server.at_work) == (2, 0)


async def test_who_does_not_wait_any_more_lets_the_server_go() -> None:
    server = Server()
    task = asyncio.ensure_future(guard(server).read_all(said(("user", "never"))))
    while not server.at_work:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert server.at_work == 0


async def test_without_a_server_it_can_be_checked_and_fails_when_asked() -> None:
    with pytest.raises(GuardModelAway):
        await guard().read_all(TALK)


async def test_where_there_is_nothing_to_judge_nobody_is_asked() -> None:
    server = Server()
    assert await guard(server).read_all(said(("user", "42"), ("definition", "a tool"))) == [[], []]
    assert server.prompts == []


@pytest.mark.parametrize("rule", [{"action": "redact"}, {"roles": {"tool": {"action": "redact"}}},
                                  {"labels": ["S1_VIOLENT_CRIME"]}, {"without": ["HATE"]}])
def test_a_rule_that_it_cannot_follow_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"redact nothing|none of its labels"):
        guard(rule=rule)
