"""From the bytes of a request to its type, or to the error that vLLM would give."""

import json
import re
from typing import Any, TypeVar

import msgspec

from models.demo.errors import Unreadable

Wish = TypeVar("Wish", bound=msgspec.Struct)

# What msgspec expected → the kind and the words in which pydantic complains, with what it adds for unparsable strings.
COMPLAINTS = {
    "float": ("float", "a valid number", ", unable to parse string as a number"),
    "int": ("int", "a valid integer", ", unable to parse string as an integer"),
    "bool": ("bool", "a valid boolean", ", unable to interpret input"),
    "str": ("string", "a valid string", ""),
    "array": ("list", "a valid list", ""),
    "object": ("dict", "a valid dictionary", ""),
}
WHERE = re.compile(r" - at `(?:key in )?\$(?P<path>[^`]*)`$")
STEP = re.compile(r"\.(\w+)|\[(\d+|\.\.\.)\]")


def read(content_type: str, body: bytes, wanted: type[Wish]) -> Wish:
    """Unknown fields are let be, numbers and booleans may come as strings. Raises Unreadable."""
    if content_type.lower().split(";", maxsplit=1)[0] != "application/json":
        raise Unreadable("Unsupported Media Type: Only 'application/json' is allowed")
    given = _parse(body)
    try:
        return msgspec.convert(given, wanted, strict=False)
    except msgspec.ValidationError as error:
        raise _complaint(str(error), given) from None


def _parse(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _parse_slowly(body)


def _parse_slowly(body: bytes) -> object:
    """Where msgspec gives up, the standard parser says at which place, or reads what it alone accepts (NaN)."""
    try:
        return json.loads(body or b" ")
    except json.JSONDecodeError as error:
        raise Unreadable.at("json_invalid", (error.pos,), "JSON decode error", {}, {"error": error.msg}) from None
    except UnicodeDecodeError:
        raise Unreadable.at("json_invalid", (0,), "JSON decode error", {}, {"error": "not UTF-8"}) from None


def _complaint(message: str, given: object) -> Unreadable:
    place = WHERE.search(message)
    path = _path(place["path"] if place else "")
    text = message[: place.start()] if place else message
    if missing := re.fullmatch(r"Object missing required field `(\w+)`", text):
        return Unreadable.at("missing", (*path, missing[1]), "Field required", _at(given, path))
    return _mistyped(text, path, _at(given, path))


def _mistyped(text: str, path: tuple[str | int, ...], value: object) -> Unreadable:
    expected = re.match(r"Expected `(\w+)", text)
    if not expected or expected[1] not in COMPLAINTS:
        return Unreadable.at("value_error", path, text, value)
    kind, noun, unparsed = COMPLAINTS[expected[1]]
    if isinstance(value, str) and unparsed:
        return Unreadable.at(f"{kind}_parsing", path, f"Input should be {noun}{unparsed}", value)
    return Unreadable.at(f"{kind}_type", path, f"Input should be {noun}", value)


def _path(text: str) -> tuple[str | int, ...]:
    steps = [name or index for name, index in STEP.findall(text)]
    return tuple(int(step) if step.isdecimal() else step for step in steps)


def _at(given: Any, path: tuple[str | int, ...]) -> object:
    for step in path:
        try:
            given = given[step]
        except (KeyError, IndexError, TypeError):
            return None
    return given
