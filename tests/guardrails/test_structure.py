"""A finished reply is what it was asked to be, or it is found; a hostile schema is refused, not obeyed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.detectors.detector import Asked
from guardrails.detectors.schema import UnusableSchema
from guardrails.detectors.structure import Structure
from tests.guardrails.pieces import CUTS, cut, watched

STRUCTURE = Structure()
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
          "required": ["name"], "additionalProperties": False}
TOOLS = {"greet": SCHEMA, "ping": {"type": "object", "properties": {}}}


def content(text: str, schema: Any = SCHEMA) -> list[str]:
    watch = STRUCTURE.watch("content", Asked(schema=schema))
    return [finding.label for finding in watched(watch, [text])]


def arguments(tool: str, text: str) -> list[str]:
    return [finding.label for finding in watched(STRUCTURE.watch(f"arguments:{tool}", Asked(tools=TOOLS)), [text])]


@pytest.mark.parametrize(("text", "labels"), [
    ('{"name": "Ada", "age": 3}', []), ('{"name": "Ada"', ["INVALID_JSON"]), ("Sure: {}", ["INVALID_JSON"]),
    ('{"age": 3}', ["SCHEMA_MISMATCH"]), ('{"name": "Ada", "x": 1}', ["SCHEMA_MISMATCH"]), ("[]", ["SCHEMA_MISMATCH"]),
    ("", ["INVALID_JSON"]), ('```json\n{"name": "Ada"}\n```', ["INVALID_JSON"]), ("[" * 100_000, ["INVALID_JSON"]),
])
def test_content_follows_the_schema_that_was_asked_for(text: str, labels: list[str]) -> None:
    assert content(text) == labels


def test_content_of_which_nothing_was_asked_is_not_watched() -> None:
    assert STRUCTURE.watch("content", Asked()) is None
    assert STRUCTURE.watch("reasoning", Asked(schema=SCHEMA)) is None


@pytest.mark.parametrize(("tool", "text", "labels"), [
    ("greet", '{"name": "Ada"}', []), ("ping", "{}", []), ("greet", "{}", ["INVALID_ARGUMENTS"]),
    ("greet", "{", ["INVALID_ARGUMENTS"]), ("ping", "[]", ["INVALID_ARGUMENTS"]), ("drop", "{}", ["UNKNOWN_TOOL"]),
])
def test_a_tool_call_is_of_a_tool_that_was_offered_with_arguments_of_its_schema(
        tool: str, text: str, labels: list[str]) -> None:
    assert arguments(tool, text) == labels


@pytest.mark.parametrize(("schema", "text", "fits"), [
    ({"pattern": "^[a-z]+$"}, '"ab"', True), ({"pattern": "^[a-z]+$"}, '"aB"', False),
    ({"patternProperties": {"^x": {"type": "integer"}}, "additionalProperties": False}, '{"x1": 1}', True),
    ({"patternProperties": {"^x": {"type": "integer"}}, "additionalProperties": False}, '{"x1": "a"}', False),
    ({"patternProperties": {"^x": {"type": "integer"}}, "additionalProperties": False}, '{"y": 1}', False),
    ({"uniqueItems": True}, '[{"a": 1, "b": 2}, {"b": 2, "a": 1.0}]', False),
    ({"uniqueItems": True}, "[1, true]", True),
    ({"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}}, '"x"', True), (True, "1", True), ({}, "{}", True),
    ({"$ref": "#/definitions/a", "definitions": {"a": {"anyOf": [{"type": "null"}, {"const": 3}]}}}, "4", False),
])
def test_keywords_that_are_our_own_mean_what_the_standard_says(schema: Any, text: str, fits: bool) -> None:
    assert content(text, schema) == ([] if fits else ["SCHEMA_MISMATCH"])


DEEP: Any = {"properties": {"a": {"$ref": "#"}}}
TWICE: Any = {"anyOf": [{"required": ["b"], **DEEP}, {"required": ["b"], **DEEP}, {"allOf": [DEEP, DEEP]}]}


@pytest.mark.parametrize(("schema", "text"), [
    ({"$ref": "https://example.com/schema.json"}, "1"), ({"$ref": "#"}, "1"), ({"$ref": "file:///etc/passwd"}, "1"),
    (TWICE, '{"a":' * 40 + "1" + "}" * 40), ({"pattern": "(?=a)b"}, '"x"'), ({"required": 3}, "{}"),
    ({"items": {"type": "string"}}, "[" + '"a",' * 100_000 + '"a"]'),
])
def test_a_schema_that_cannot_be_used_is_for_the_policy_to_decide(schema: Any, text: str) -> None:
    with pytest.raises(UnusableSchema):
        content(text, schema)


@given(cuts=CUTS, text=st.sampled_from(['{"name": "Ada"}', "{", '{"name": 1}']))
def test_any_split_of_a_text_finds_the_same(cuts: list[int], text: str) -> None:
    asked = Asked(schema=SCHEMA, tools=TOOLS)
    for channel in ("content", "arguments:greet", "arguments:x"):
        whole = watched(STRUCTURE.watch(channel, asked), [text])
        assert watched(STRUCTURE.watch(channel, asked), cut(text, cuts)) == whole
