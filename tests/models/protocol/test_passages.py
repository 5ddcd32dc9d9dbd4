"""Every text that a model may read is found, with who said it, and can be edited where it stands."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.protocol.passages import Text, Uneditable, legible, texts_of, with_edits


def found(document: dict[str, Any]) -> dict[str, str]:
    """By place, who said it; keys are marked."""
    return {("key " if text.form == "key" else "") + text.place: text.role for text in texts_of(document).found}


ROLES: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"messages": [{"role": "developer", "content": "x"}, {"role": "function", "content": "x"},
                   {"role": "assistant", "content": "x"},
                   {"role": "user", "content": [{"type": "text", "text": "x"}]}]},
     {"messages[0].content": "system", "messages[1].content": "tool", "messages[2].content": "assistant",
      "messages[3].content[0].text": "user"}),
    ({"messages": [{"role": "judge", "content": "x"}]}, {"messages[0].role": "user", "messages[0].content": "user"}),
    ({"messages": [{"role": "assistant", "tool_calls": [{"id": "call_1", "type": "function", "function": {
        "name": "f", "arguments": "{}"}}]}]},
     {"messages[0].tool_calls[0].function.name": "assistant",
      "messages[0].tool_calls[0].function.arguments": "assistant"}),
    ({"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "x"},
                                                {"type": "search_result", "source": "x"}]}]},
     {"messages[0].content[0].content": "tool", "messages[0].content[1].source": "document"}),
    ({"messages": [{"role": "tool", "content": [{"role": "system", "text": "x"}]}]},
     {"messages[0].content[0].text": "tool"}),
    ({"input": [{"type": "function_call_output", "call_id": "c", "output": "x"},
                {"type": "function_call", "arguments": "{}"}, {"role": "user", "content": "x"}]},
     {"input[0].output": "tool", "input[1].arguments": "assistant", "input[2].content": "user"}),
    ({"system": "x", "instructions": "x", "prompt": ["x"], "query": "x", "text_1": "x", "documents": ["x"]},
     {"system": "system", "instructions": "system", "prompt[0]": "user", "query": "user", "text_1": "document",
      "documents[0]": "document"}),
    ({"tools": [{"type": "function", "function": {"name": "f", "parameters": {
        "type": "object", "properties": {"city": {"type": "string", "description": "x"}}}}}]},
     {"tools[0].function.name": "definition", "tools[0].function.parameters.properties.*.description": "definition",
      "key tools[0].function.parameters.properties.*": "definition"}),
    ({"guided_regex": "x", "chat_template": "x", "text": {"format": {"type": "x"}}},
     {"guided_regex": "definition", "chat_template": "definition", "text.format.type": "definition"}),
    ({"vllm_xargs": {"deep": [["x"]]}}, {"key vllm_xargs": "user", "key *.*": "user", "*.*[0][0]": "user"}),
]


@pytest.mark.parametrize(("document", "expected"), ROLES)
def test_a_text_has_the_role_of_who_speaks_in_it(document: dict[str, Any], expected: dict[str, str]) -> None:
    expected = {place.replace("key vllm_xargs", "key *"): role for place, role in expected.items()}
    assert found(document) == expected


@pytest.mark.parametrize("document", [
    {"model": "x", "user": "x", "safety_identifier": "x", "metadata": {"user_id": "x"}, "stream": True, "n": 1},
    {"messages": [{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        {"type": "input_image", "image_url": "https://example.org/a.png"},
        {"type": "input_audio", "input_audio": {"data": "AAAA"}}, {"type": "file", "file": {"file_data": "AAAA"}},
        {"type": "image", "source": {"type": "base64", "data": "AAAA"}},
        {"type": "thinking", "signature": "AAAA"}]}]},
    {"messages": [{"role": "tool", "tool_call_id": "call_Ab-1", "content": ""}]},
], ids=["names", "media", "ids"])
def test_what_no_model_reads_as_text_is_left_out(document: dict[str, Any]) -> None:
    assert found(document) == {}


@pytest.mark.parametrize("document", [
    {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "ignore all of it"}}]}]},
    {"messages": [{"role": "user", "content": [{"type": "ignore all of it", "text": ""}]}]},
    {"messages": [{"role": "tool", "tool_call_id": "ignore all of it"}]},
    {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_data": "ignore all of it"}}]}]},
    {"messages": [{"role": "user", "content": [
        {"type": "document", "source": {"type": "text", "data": "ignore all of it"}}]}]},
    {"tools": [{"type": "function", "function": {"parameters": {"properties": {"image_url": "https://ignore.it"}}}}]},
    {"user": {"deep": "ignore all of it"}}, {"documents": [{"url": "https://ann:secret@host/"}]},
], ids=str)
def test_a_text_in_the_place_of_something_else_is_a_text(document: dict[str, Any]) -> None:
    assert any("ignore" in text.text or "secret" in text.text for text in texts_of(document).found)


@pytest.mark.parametrize(("document", "unreadable"), [
    ({"prompt": [1, 2]}, ["prompt"]), ({"prompt": [[1], [2]]}, ["prompt"]), ({"input": ["a", [1]]}, ["input"]),
    ({"prompt": ["a", "b"], "logit_bias": {"1": 2}, "n": 3}, []), ({"prompt_embeds": "AA"}, ["prompt_embeds"]),
    ({"messages": [], "stop_token_ids": [1, 2]}, []),
])
def test_prompts_in_numbers_are_told(document: dict[str, Any], unreadable: list[str]) -> None:
    assert texts_of(document).unreadable == unreadable


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8),
                    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=6), below, max_size=4),
                    max_leaves=20)


@given(st.dictionaries(st.sampled_from(["messages", "input", "tools", "unheard_of", "metadata", "documents"]), JSON))
def test_no_string_is_missed_and_each_can_be_edited_where_it_stands(document: dict[str, Any]) -> None:
    """A mark in the place of every text: then no text is left but keys, ids and the protocol's own words."""
    before = json.dumps(document)
    texts = [text for text in texts_of(document).found if text.form == "text"]
    edited = with_edits(document, [(text, [(0, len(text.text.encode()), b"<mark>")]) for text in texts])
    assert json.dumps(document) == before, "the original is as it was"
    assert json.dumps(edited).count("<mark>") == len(texts)
    left = {text.text for text in texts_of(edited).found if text.form == "text"}
    assert left <= {"<mark>"}


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=4), st.booleans())
def test_what_is_read_of_arguments_is_what_they_say_and_edits_leave_json(values: dict[str, str], escaped: bool) -> None:
    values = {**values, "to": "ann@b.com\nann@b.com"}
    arguments = json.dumps(values, ensure_ascii=escaped)
    text = Text(("arguments",), "assistant", arguments, "json")
    read = legible(text).encode()
    places = [place for place in range(len(read)) if read.startswith(b"ann@b.com", place)]
    assert len(places) >= 2
    edited = with_edits({"arguments": arguments}, [(text, [(place, place + 9, b'["]') for place in places])])
    assert json.loads(edited["arguments"])["to"] == '["]\n["]'


def test_escapes_are_read_as_what_they_stand_for() -> None:
    text = Text(("a",), "assistant", r'{"a":"\u0061nn\u0040b.com\nbad \ud83d\ude00 \\u0041"}', "json")
    assert legible(text) == '{"a":"ann@b.com \nbad 😀  \\u0041"}'


def test_an_edit_that_would_break_json_or_rename_a_key_is_none() -> None:
    text = Text(("arguments",), "assistant", '{"a":"b"}', "json")
    with pytest.raises(Uneditable):
        with_edits({"arguments": text.text}, [(text, [(2, 6, b"x")])])
    key = texts_of({"ann": 1}).found[0]
    with pytest.raises(Uneditable) as caught:
        with_edits({"ann": 1}, [(key, [(0, 3, b"x")])])
    assert caught.value.place == "*"
