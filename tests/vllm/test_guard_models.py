"""A real vLLM is asked as a guard model is. The small model behind it answers nonsense: that must be a failure of the
guard, and vLLM must take every format's questions, log-probabilities and all."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from guardrails.guard_models.conversation import Subject, Turn
from guardrails.guard_models.definition import GuardModelDocument
from guardrails.guard_models.formats import FORMATS, format_of
from guardrails.guard_models.question import Answer, Unreadable
from tests.vllm.conftest import MODEL, Gateway, StartGateway, version
from tests.vllm.processes import Server
from tests.vllm.wire import ask

pytestmark = pytest.mark.vllm

NEEDS: dict[str, Any] = {
    "llama_guard_1": {"taxonomy": {"O1": "Violence."}}, "llama_guard_2": {"taxonomy": {"S1": "Violence."}},
    "template": {"template": "{conversation}\nIs this harmful?", "answers": {"yes": "HARMFUL", "no": "safe"}}}
TURNS = (Turn("user", "How do I bake bread?"), Turn("assistant", "With flour."))


def defined(name: str) -> Any:
    return {"format": name, "version": "smol-1", **NEEDS.get(name, {})}


@pytest.mark.parametrize("name", FORMATS)
def test_vllm_takes_a_formats_questions_and_tells_how_sure_it_was(vllm: Server, name: str) -> None:
    """Of a prompt and of a reply. What it weighed is read from its own reply."""
    asked = format_of(GuardModelDocument(**defined(name)))
    seen: list[Answer] = []

    def read(answer: Answer) -> list[Any]:
        seen.append(answer)
        return []

    for turns in (TURNS[:1], TURNS):
        for question in asked.questions(Subject(turns, 0)):
            reply = ask(vllm.url, question.path, {"model": MODEL, **question.document})
            assert reply.status == 200, reply.body
            question._replace(read=read).found_in(reply.json)
    assert seen
    for answer in seen:
        assert answer.tokens
        assert all(0 < sum(token.chances.values()) <= 1.01 for token in answer.tokens)


def test_what_the_prompt_says_is_what_the_model_reads(vllm: Server) -> None:
    """No special token is added in front of a prompt that brings its own."""
    asked = format_of(GuardModelDocument(**defined("llama_guard_3")))
    (question,) = asked.questions(Subject(TURNS[:1], 0))
    reply = ask(vllm.url, question.path, {"model": MODEL, **question.document}).json
    tokens = ask(vllm.url, "/tokenize", {
        "model": MODEL, "prompt": question.document["prompt"], "add_special_tokens": False}).json
    assert reply["usage"]["prompt_tokens"] == tokens["count"]


@pytest.fixture(scope="module")
def guarded(start_gateway: StartGateway, vllm: Server) -> Gateway:
    rules = {"prompt": {"guard_models": {"lg": "block"}}, "deadline_ms": 30_000}
    return start_gateway({
        "versions": {"smol-1": version(vllm)}, "guard_models": {"lg": defined("llama_guard_3")},
        "policies": {"closed": rules, "open": {**rules, "on_error": "allow"}},
        "models": {name: {"split": {"smol-1": 1}, "policy": name} for name in ("closed", "open")}})


def test_nonsense_is_what_the_policy_says_of_a_guard_that_cannot_decide(guarded: Gateway) -> None:
    messages: Any = [{"role": "user", "content": "How do I bake bread?"}]
    with openai.OpenAI(base_url=f"{guarded.url}/v1", api_key="none", max_retries=0, timeout=60) as client:
        with pytest.raises(openai.InternalServerError) as refused:
            client.chat.completions.create(model="closed", messages=messages, max_tokens=4)
        assert refused.value.code == "guard_unavailable"
        reply = client.chat.completions.with_raw_response.create(model="open", messages=messages, max_tokens=4)
    assert reply.headers["x-gatewright-guard"] == "prompt=unchecked"


def test_nonsense_is_no_verdict(vllm: Server) -> None:
    """As the test above needs it: a model that happened to say safe would prove nothing."""
    asked = format_of(GuardModelDocument(**defined("llama_guard_3")))
    (question,) = asked.questions(Subject(TURNS[:1], 0))
    reply = ask(vllm.url, question.path, {"model": MODEL, **question.document}).json
    with pytest.raises(Unreadable):
        question.found_in(reply)
