"""Questions go to one of a version's endpoints, to another where that one fails, and what came of each is counted."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from gateway.guard_server import GuardServer, NotAnswered
from guardrails.guard_models.conversation import Subject, Turn
from guardrails.guard_models.definition import GuardModelDocument
from guardrails.guard_models.llama_guard import LlamaGuard
from guardrails.guard_models.question import Question
from models.endpoint import Endpoint, Endpoints
from tests.fakes.behaviour import Behaviour, Fault, Place
from tests.fakes.upstream import FakeVLLM
from tests.gateway.exchanges import snapshot_of
from tests.gateway.stages.test_guard_prompt import Lines
from tests.guardrails.guard_models.replies import completion

UNSAFE = Behaviour(body=json.dumps(completion("\n\nunsafe\nS10")).encode())
SAFE = Behaviour(body=json.dumps(completion("safe")).encode())


def question(text: str = "hello nightjar") -> Question:
    asked = LlamaGuard(GuardModelDocument(format="llama_guard_3", version="guard"))
    return asked.questions(Subject((Turn("user", text),), 0))[0]


class Case:
    """A guard model on some servers; the first of them is asked first."""

    def __init__(self, *urls: str, **version: Any) -> None:
        loop = asyncio.get_running_loop()
        self.endpoints = Endpoints(lambda url: Endpoint(url, loop=loop, time=loop.time))
        document: Mapping[str, Any] = {
            "versions": {"v1": {"served_model": "s", "endpoints": ["http://127.0.0.1:9"]},
                         "guard": {"served_model": "m", "endpoints": list(urls), **version}},
            "models": {"m": {"split": {"v1": 1}}},
            "guard_models": {"lg": {"format": "llama_guard_3", "version": "guard"}}}
        self.snapshot = snapshot_of(document, self.endpoints, secrets={"KEY": "sk-guard"})
        self.log, self.asks = Lines(), Counter[tuple[str, str]]()
        self.server = GuardServer("lg", lambda: 0.0, self.log, self.asks)
        self.server.target = self.snapshot.guard_models["lg"]

    async def labels(self, asked: Question | None = None) -> list[str]:
        return [found.label for found in await self.server.ask(asked or question())]

    async def outcome(self) -> str:
        with pytest.raises(NotAnswered) as error:
            await self.server.ask(question())
        return error.value.outcome


async def test_a_question_goes_out_under_the_versions_name_and_key() -> None:
    async with FakeVLLM("m", api_key="sk-guard") as fake:
        fake.script(UNSAFE)
        case = Case(fake.url, api_key_env="KEY", defaults={"priority": 3, "temperature": 1})
        assert await case.labels() == ["S10_HATE"]
        (request,) = fake.inference
        assert request.path == "/v1/completions"
        sent = {"model": "m", "priority": 3, "temperature": 0, "logprobs": 5, "add_special_tokens": False}
        assert request.json.items() >= sent.items()
        assert case.asks == {("lg", "answered"): 1}
        assert fake.violations == []
        case.endpoints.close()


@pytest.mark.parametrize("behaviour", [
    Behaviour(fault=Fault.RESET, at=Place.HEAD), Behaviour(fault=Fault.FIN, at=Place.BODY), Behaviour(status=503),
    Behaviour(status=500)])
async def test_where_one_server_fails_another_is_asked(behaviour: Behaviour) -> None:
    async with FakeVLLM("m") as first, FakeVLLM("m") as second:
        first.script(behaviour)
        second.script(UNSAFE)
        case = Case(first.url, second.url)
        assert await case.labels() == ["S10_HATE"]
        assert (len(first.inference), len(second.inference), case.asks) == (1, 1, {("lg", "answered"): 1})
        case.endpoints.close()


async def test_a_server_that_is_not_there_is_passed_over() -> None:
    async with FakeVLLM("m") as gone:
        url = gone.url
    async with FakeVLLM("m") as there:
        there.script(UNSAFE, SAFE)
        case = Case(url, there.url)
        assert [await case.labels(), await case.labels()] == [["S10_HATE"], []]
        case.endpoints.close()


@pytest.mark.parametrize(("behaviour", "outcome"), [
    (Behaviour(status=400), "refused"), (Behaviour(status=401, body=b'{"error": "Unauthorized"}'), "refused"),
    (Behaviour(status=503), "refused"), (Behaviour(body=b"<html>"), "unreadable"),
    (Behaviour(body=b"[]"), "unreadable"),
    (Behaviour(body=json.dumps(completion("Sure!")).encode()), "unreadable"),
    (Behaviour(fault=Fault.RESET, at=Place.HEAD), "disconnected"), (Behaviour(raw=b"no HTTP\r\n\r\n"), "malformed")])
async def test_what_is_no_verdict_is_a_failure_that_is_counted_and_told_without_the_text(
        behaviour: Behaviour, outcome: str) -> None:
    async with FakeVLLM("m") as fake:
        fake.default = behaviour
        case = Case(fake.url)
        assert await case.outcome() == outcome
        assert case.asks == {("lg", outcome): 1}
        ((level, event, fields),) = case.log.said
        assert (level, event, fields["guard"], fields["why"]) == ("warning", "guard_model_failed", "lg", outcome)
        assert "nightjar" not in json.dumps(fields)
        case.endpoints.close()


async def test_nobody_there_is_a_failure() -> None:
    async with FakeVLLM("m") as gone:
        url = gone.url
    case = Case(url)
    assert await case.outcome() == "unreachable"
    assert case.snapshot.missing_guards() == [
        "guard model lg: no endpoint of guard answers; it fails, as on_error has it"]


async def test_before_the_revision_is_live_nobody_is_asked() -> None:
    with pytest.raises(NotAnswered):
        await GuardServer("lg").ask(question())


async def test_a_connection_that_was_just_closed_is_made_again() -> None:
    """With one server alone: it never saw the question."""
    async with FakeVLLM("m") as fake:
        fake.default = SAFE
        case = Case(fake.url)
        await case.labels()
        fake.on_reuse = Fault.FIN
        assert await case.labels() == []
        assert case.asks == {("lg", "answered"): 2}
        case.endpoints.close()


async def test_who_gives_up_lets_the_server_go() -> None:
    async with FakeVLLM("m") as fake:
        fake.script(Behaviour(head_delay=3600))
        case = Case(fake.url)
        task = asyncio.ensure_future(case.server.ask(question()))
        await fake.until(lambda: bool(fake.inference))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(fake.inference[0].closed_by_client.wait(), 5)
        assert case.asks == {("lg", "given_up"): 1}
        case.endpoints.close()


async def test_a_guard_models_version_is_a_target_also_where_no_split_names_it() -> None:
    """So it is probed, and its health is told."""
    case = Case("http://127.0.0.1:7")
    assert [target.version.name for target in case.snapshot.targets()] == ["v1", "guard"]
    assert case.snapshot.missing_guards() == []
