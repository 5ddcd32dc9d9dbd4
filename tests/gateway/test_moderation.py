"""What is sent to /v1/moderations becomes inputs, and what is said of them a reply as OpenAI's."""

import json
from typing import Any

import pytest
from openai.types import ModerationCreateResponse

from gateway.moderation import MAX_INPUTS, MODEL, OPENAI_MODELS, answer_of, inputs_of
from gateway.refusal import Refusal
from guardrails.moderation import CATEGORIES, GuardScores, Scores


def text_part(text: Any) -> dict[str, Any]:
    return {"type": "text", "text": text}


@pytest.mark.parametrize(("written", "inputs"), [
    ("one", [[("one", "input")]]),
    ("", [[("", "input")]]),
    (["one", "two"], [[("one", "input[0]")], [("two", "input[1]")]]),
    ([text_part("one"), text_part("two")], [[("one", "input[0].text"), ("two", "input[1].text")]]),
])
def test_each_text_is_an_input_and_parts_are_one_together(written: Any, inputs: Any) -> None:
    found = inputs_of({"input": written})
    assert [[(passage.text, passage.place) for passage in one] for one in found] == inputs
    assert {passage.role for one in found for passage in one} == {"user"}


@pytest.mark.parametrize(("written", "code", "param"), [
    (None, "missing_input", "input"), ([], "invalid_type", "input"), (7, "invalid_type", "input"),
    ({"type": "text"}, "invalid_type", "input"), (["a", 7], "invalid_type", "input[1]"),
    ([["a"]], "invalid_type", "input[0]"), (["a", text_part("b")], "invalid_type", "input[1]"),
    ([text_part("a"), "b"], "invalid_type", "input[1]"), ([text_part(None)], "invalid_type", "input[0].text"),
    ([{"text": "a"}], "invalid_type", "input[0]"),
    ([text_part("a"), {"type": "image_url", "image_url": {"url": "https://a/b.png"}}], "unsupported_input",
     "input[1].type"),
    (["a"] * (MAX_INPUTS + 1), "too_many_inputs", "input"),
])
def test_what_is_no_input_is_refused_with_its_place(written: Any, code: str, param: str) -> None:
    with pytest.raises(Refusal) as refused:
        inputs_of({"input": written})
    assert (refused.value.status, refused.value.code, refused.value.param) == (400, code, param)


def test_the_most_inputs_are_taken() -> None:
    assert len(inputs_of({"input": ["a"] * MAX_INPUTS})) == MAX_INPUTS


@pytest.mark.parametrize("model", [*OPENAI_MODELS, MODEL, None])
def test_openais_names_and_our_own_are_taken(model: str | None) -> None:
    assert inputs_of({"input": "a", "model": model})


@pytest.mark.parametrize(("model", "status", "code", "hint"), [
    ("omni-moderaton", 404, "model_not_found", "'omni-moderation-"), ("m", 404, "model_not_found", ""),
    (7, 400, "invalid_type", "")])
def test_another_model_is_not_found_and_the_nearest_is_told(model: Any, status: int, code: str, hint: str) -> None:
    with pytest.raises(Refusal) as refused:
        inputs_of({"input": "a", "model": model})
    assert (refused.value.status, refused.value.code, refused.value.param) == (status, code, "model")
    assert hint in refused.value.message


def test_the_answer_is_one_that_openais_client_reads() -> None:
    scores = Scores(dict.fromkeys(CATEGORIES, False) | {"hate": True}, dict.fromkeys(CATEGORIES, 0.0) | {"hate": 0.9},
                    {"toxicity": GuardScores(True, 0.9, {"HATE": 0.9})}, unchecked=["injection"])
    body = json.loads(answer_of("17", [scores]))
    read = ModerationCreateResponse.model_validate(body, strict=True)
    assert (read.id, read.model) == ("modr-17", MODEL)
    assert read.results[0].flagged
    assert read.results[0].category_applied_input_types.self_harm == ["text"]
    assert body["results"][0]["gatewright"] == {
        "guards": {"toxicity": {"flagged": True, "score": 0.9, "labels": {"HATE": 0.9}}}, "unchecked": ["injection"]}
