"""Guards in front of a real model: what it never sees, and what the official client gets back, streamed and whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.vllm.conftest import Gateway, StartGateway, version
from tests.vllm.processes import Server

pytestmark = pytest.mark.vllm

EMAIL = "ann.lee@example.org"
# A conversation in which the model has said the address twice: a small model goes on so.
MESSAGES: Any = [
    {"role": "user", "content": f"Say: {EMAIL}"}, {"role": "assistant", "content": EMAIL},
    {"role": "user", "content": f"Say: {EMAIL}"}, {"role": "assistant", "content": EMAIL},
    {"role": "user", "content": f"Say: {EMAIL}"},
]
POLICIES: Any = {
    "private": {"prompt": {"personal_data": {"action": "redact", "style": "pseudonym"}, "secrets": "block"},
                "reply": {"personal_data": "redact", "secrets": "redact"}},
    "numbered": {"reply": {"words": {"action": "block", "deny": ["4"]}}},
    "masked": {"reply": {"words": {"action": "redact", "deny": ["two", "2"], "style": "mask"}}},
    "silent": {"prompt": {"personal_data": "shadow"}, "reply": {"personal_data": "shadow", "secrets": "shadow"}},
}
COUNT: Any = [{"role": "user", "content": "Count from one to five."}]


@pytest.fixture(scope="module")
def guarded(start_gateway: StartGateway, vllm: Server) -> Gateway:
    return start_gateway({
        "versions": {"smol-1": version(vllm)}, "policies": POLICIES,
        "models": {"plain": {"split": {"smol-1": 1}}, **{
            name: {"split": {"smol-1": 1}, "policy": name} for name in POLICIES}}})


@pytest.fixture
def client(guarded: Gateway) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{guarded.url}/v1", api_key="none", max_retries=0, timeout=60) as client:
        yield client


def asked(client: openai.OpenAI, model: str, messages: Any, **more: Any) -> tuple[str, str]:
    """What the model says, whole; the same, streamed, is what it says whole."""
    parameters = {"model": model, "messages": messages, "max_tokens": 32, "temperature": 0, **more}
    choice = client.chat.completions.create(**parameters).choices[0]
    with client.chat.completions.create(**parameters, stream=True) as stream:
        chunks = [chunk.choices[0] for chunk in stream if chunk.choices]
    assert "".join(chunk.delta.content or "" for chunk in chunks) == (choice.message.content or "")
    assert chunks[-1].finish_reason == choice.finish_reason
    return choice.message.content or "", choice.finish_reason


def test_a_redacted_conversation_comes_back_restored(client: openai.OpenAI) -> None:
    """The model sees <EMAIL_1> and says it; the client reads the address."""
    text, _ = asked(client, "private", MESSAGES)
    assert EMAIL in text
    assert "EMAIL_1" not in text
    seen, _ = asked(client, "plain", [{**message, "content": message["content"].replace(EMAIL, "<EMAIL_1>")}
                                      for message in MESSAGES])
    assert re.sub(r"<EMAIL_1>|EMAIL_1", EMAIL, seen) == text


def test_a_prompt_with_a_secret_never_reaches_the_model(client: openai.OpenAI) -> None:
    token = "ghp_" + "x7Kq2mZ9vLwR4tYbN8sD" + "fG3hJ6pCaE1uVoQi"
    with pytest.raises(openai.BadRequestError) as raised:
        client.chat.completions.create(model="private", max_tokens=4,
                                       messages=[{"role": "user", "content": f"My key: {token}"}])
    assert raised.value.code == "content_blocked"
    assert token not in str(raised.value)


def test_a_word_is_taken_out_of_what_the_model_says(client: openai.OpenAI) -> None:
    plain, _ = asked(client, "plain", COUNT)
    text, _ = asked(client, "masked", COUNT)
    assert text == re.sub(r"(?i)\b(?:two|2)\b", lambda found: "*" * len(found[0]), plain)
    assert text != plain


def test_a_block_ends_what_the_model_says(client: openai.OpenAI) -> None:
    plain, _ = asked(client, "plain", COUNT)
    text, finish = asked(client, "numbered", COUNT)
    assert (text, finish) == (re.split(r"\b4\b", plain)[0], "content_filter")


def test_in_shadow_nothing_differs(client: openai.OpenAI) -> None:
    assert asked(client, "silent", MESSAGES) == asked(client, "plain", MESSAGES)
