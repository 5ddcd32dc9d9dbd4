"""What a request says about its reply, for the guards that compare the two."""

from collections.abc import Iterator
from typing import Any

from guardrails.detectors.detector import Asked
from models.protocol.texts.text import mapping, mappings


def asked_of(document: dict[str, Any]) -> Asked:
    """System prompts, the schema of the reply, and the tools with the schemas of their arguments."""
    return Asked(system=tuple(_system(document)), schema=_schema(document), tools=dict(_tools(document)))


def _system(document: dict[str, Any]) -> Iterator[str]:
    for name in ("instructions", "system"):
        yield from _texts(document.get(name))
    for name in ("messages", "input"):
        for _, message in mappings(document.get(name)):
            if message.get("role") in ("system", "developer"):
                yield from _texts(message.get("content"))


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    for _, part in mappings(content):
        if isinstance(part.get("text"), str):
            yield part["text"]


def _schema(document: dict[str, Any]) -> Any:
    """Where the APIs put it: response_format.json_schema.schema, text.format.schema, vLLM's structured_outputs.json."""
    written = mapping(mapping(document.get("response_format")).get("json_schema")).get("schema")
    if written is None:
        written = mapping(mapping(document.get("text")).get("format")).get("schema")
    if written is None:
        written = mapping(document.get("structured_outputs")).get("json", document.get("guided_json"))
    return written


def _tools(document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for _, tool in mappings(document.get("tools")):
        function = mapping(tool.get("function")) or tool
        if isinstance(function.get("name"), str):
            yield function["name"], function.get("parameters", function.get("input_schema")) or {}
