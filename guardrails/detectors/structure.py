"""Structure: whether a finished reply is the JSON that was asked for, and its tool calls are ones that exist."""

from typing import Any

import msgspec

from guardrails.detectors.detector import Asked, Watch
from guardrails.finding import Finding

_ARGUMENTS = "arguments:"


class Structure:
    """Finds, where a text ends, that it is not what it had to be.

    INVALID_JSON, SCHEMA_MISMATCH       the content, where the request gave a schema for it
    UNKNOWN_TOOL                        a call of a function that the request does not offer
    INVALID_ARGUMENTS                   a call's arguments that are no JSON, or not by the function's schema

    The finding is the whole text. A schema that cannot be used (a reference to another document, steps without end)
    raises, so that the policy's ``on_error`` decides.
    """

    name = "structure"
    labels = ("INVALID_JSON", "SCHEMA_MISMATCH", "INVALID_ARGUMENTS", "UNKNOWN_TOOL")

    def __init__(self) -> None:
        from guardrails.detectors.schema import Schemas  # takes 0.1 s, for this detector alone

        self._schemas = Schemas()

    def watch(self, channel: str, asked: Asked) -> Watch | None:
        if channel.startswith(_ARGUMENTS):
            return ArgumentsWatch(self, channel.removeprefix(_ARGUMENTS), asked.tools)
        if channel == "content" and asked.schema is not None:
            return ContentWatch(self, asked.schema)
        return None

    def conforms(self, value: Any, schema: Any) -> bool:
        return self._schemas.conforms(value, schema)


class Gathering:
    """Gathers a text, and judges it once it is whole."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def feed(self, piece: str, last: bool) -> list[Finding]:
        self._pieces.append(piece)
        if not last:
            return []
        text = "".join(self._pieces)
        label = self.fault(text)
        return [_whole(label, text)] if label else []

    def fault(self, text: str) -> str:
        """The label of what is wrong with ``text``; empty where nothing is."""
        raise NotImplementedError


class ContentWatch(Gathering):
    """A reply's content."""

    __slots__ = ("_schema", "_structure")

    def __init__(self, structure: Structure, schema: Any) -> None:
        super().__init__()
        self._structure, self._schema = structure, schema

    def fault(self, text: str) -> str:
        try:
            value = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            return "INVALID_JSON"
        return "" if self._structure.conforms(value, self._schema) else "SCHEMA_MISMATCH"


class ArgumentsWatch(Gathering):
    """The arguments of one tool call."""

    __slots__ = ("_structure", "_tool", "_tools")

    def __init__(self, structure: Structure, tool: str, tools: dict[str, Any]) -> None:
        super().__init__()
        self._structure, self._tool, self._tools = structure, tool, tools

    def fault(self, text: str) -> str:
        if self._tool not in self._tools:
            return "UNKNOWN_TOOL"
        schema = self._tools[self._tool]
        try:
            value = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            return "INVALID_ARGUMENTS"
        fits = isinstance(value, dict) and (schema is None or self._structure.conforms(value, schema))
        return "" if fits else "INVALID_ARGUMENTS"


def _whole(label: str, text: str) -> Finding:
    return Finding(Structure.name, label, 0, len(text), 1.0)
