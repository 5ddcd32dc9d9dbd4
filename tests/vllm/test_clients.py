"""The official clients, as applications use them, pointed at the gateway."""

from collections.abc import Iterator

import anthropic
import openai
import pytest

from tests.vllm.conftest import MODEL, Gateway
from tests.vllm.test_replies import WEATHER

pytestmark = pytest.mark.vllm

QUESTION = [{"role": "user", "content": "Count from one to five."}]


@pytest.fixture
def client(gateway: Gateway) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="none", max_retries=0, timeout=60) as client:
        yield client


@pytest.fixture
def anthropic_client(gateway: Gateway) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=gateway.url, api_key="none", max_retries=0, timeout=60) as client:
        yield client


def test_openai_lists_the_models(client: openai.OpenAI) -> None:
    assert {model.id for model in client.models.list()} >= {MODEL, "assistant"}


def test_openai_chats(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(model="assistant", messages=QUESTION, max_tokens=8, temperature=0)
    assert reply.model == "assistant"
    assert reply.choices[0].message.content
    assert reply.usage.completion_tokens == 8


def test_openai_streams_a_chat_whose_pieces_are_the_whole(client: openai.OpenAI) -> None:
    asked = {"model": "assistant", "messages": QUESTION, "max_tokens": 8, "temperature": 0}
    whole = client.chat.completions.create(**asked).choices[0].message.content
    with client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}) as stream:
        chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == whole
    assert chunks[-1].usage.completion_tokens == 8


def test_openai_completes(client: openai.OpenAI) -> None:
    reply = client.completions.create(model="assistant", prompt="One two three", max_tokens=4)
    assert reply.usage.completion_tokens == 4


def test_openai_calls_a_tool(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(
        model="assistant", messages=QUESTION, tools=[WEATHER], max_tokens=80, temperature=0,
        tool_choice={"type": "function", "function": {"name": "get_weather"}})
    assert reply.choices[0].message.tool_calls[0].function.name == "get_weather"


def test_openai_responds_and_goes_on(client: openai.OpenAI) -> None:
    first = client.responses.create(model="assistant", input="Remember the number 4.", max_output_tokens=8)
    after = client.responses.create(model="assistant", input="Which number?", max_output_tokens=8,
                                    previous_response_id=first.id)
    assert after.previous_response_id == first.id
    assert after.output_text


def test_openai_streams_a_response(client: openai.OpenAI) -> None:
    with client.responses.create(model="assistant", input="Count.", max_output_tokens=8, stream=True) as stream:
        kinds = [event.type for event in stream]
    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")


def test_openai_raises_what_the_server_refuses(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="assistant", messages=QUESTION, max_tokens=100_000)
    assert refused.value.param == "max_tokens"


def test_openai_raises_not_found_for_an_unknown_model(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="nope", messages=QUESTION)


def test_anthropic_gets_a_message(anthropic_client: anthropic.Anthropic) -> None:
    reply = anthropic_client.messages.create(model="assistant", messages=QUESTION, max_tokens=8)
    assert reply.content[0].text
    assert reply.model == "assistant"
    assert reply.usage.output_tokens == 8


def test_anthropic_streams_a_message(anthropic_client: anthropic.Anthropic) -> None:
    with anthropic_client.messages.stream(model="assistant", messages=QUESTION, max_tokens=8) as stream:
        text = "".join(stream.text_stream)
        whole = stream.get_final_message()
    assert whole.content[0].text == text
    assert whole.usage.output_tokens == 8


def test_anthropic_raises_what_is_refused(anthropic_client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.BadRequestError):
        anthropic_client.messages.create(model="assistant", messages=QUESTION, max_tokens=100_000)
