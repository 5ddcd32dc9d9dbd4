"""From the bytes of a request to its type, or to the error that vLLM would give."""

import json
import re
from typing import Any, TypeVar

import msgspec

from models.demo.errors import Complaint, Unreadable

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
BOUNDS = {
    "<=": ("less_than_equal", "less than or equal to", "le"),
    ">=": ("greater_than_equal", "greater than or equal to", "ge"),
}
WHERE = re.compile(r" - at `(?:key in )?\$(?P<path>[^`]*)`$")
STEP = re.compile(r"\.(\w+)|\[(\d+|\.\.\.)\]")

Path = tuple[str | int, ...]


def read(content_type: str, body: bytes, wanted: type[Wish]) -> Wish:
    """Unknown fields are let be, numbers and booleans may come as strings. Raises Unreadable."""
    if content_type.lower().split(";", maxsplit=1)[0] != "application/json":
        raise Unreadable("Unsupported Media Type: Only 'application/json' is allowed")
    given = _parse(body)
    if not isinstance(given, dict):
        raise _unreadable(_wrong_body(given))
    try:
        return msgspec.convert(given, wanted, strict=False)
    except msgspec.ValidationError as error:
        raise _unreadable(*_complaints(str(error), given)) from None


def _parse(body: bytes) -> object:
    try:
        return msgspec.json.decode(body) if body else None
    except RecursionError:
        raise _unreadable(_invalid(0, "nested too deeply")) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _parse_slowly(body)


def _parse_slowly(body: bytes) -> object:
    """Where msgspec gives up, the standard parser says at which place, or reads what it alone accepts (NaN)."""
    try:
        given = json.loads(body)
        msgspec.json.encode(given)  # half a surrogate pair is no text: the tokenizer could not read it
        return given
    except json.JSONDecodeError as error:
        complaint = _invalid(error.pos, error.msg)
    except UnicodeError as error:
        complaint = _invalid(0, str(error))
    raise _unreadable(complaint)


def _invalid(place: int, reason: str) -> Complaint:
    return Complaint("json_invalid", (place,), "JSON decode error", {}, {"error": reason})


def _unreadable(*complaints: Complaint) -> Unreadable:
    return Unreadable(*complaints, param=complaints[0].place)


def _wrong_body(given: object) -> Complaint:
    if given is None:
        return Complaint("missing", (), "Field required", None)
    message = "Input should be a valid dictionary or object to extract fields from"
    return Complaint("model_attributes_type", (), message, given)


def _complaints(message: str, given: object) -> list[Complaint]:
    place = WHERE.search(message)
    path = _path(place["path"] if place else "")
    text = message[: place.start()] if place else message
    value = _at(given, path)
    if missing := re.fullmatch(r"Object missing required field `(\w+)`", text):
        return [Complaint("missing", (*path, missing[1]), "Field required", value)]
    if bound := re.fullmatch(r"Expected `int` (<=|>=) (-?\d+)", text):
        return [_out_of_bounds(path, value, bound[1], int(bound[2]))]
    if expected := re.match(r"Expected `([\w |]+)`, got", text):
        kinds = [kind for kind in expected[1].split(" | ") if kind in COMPLAINTS]
        return [_mistyped(kind, path, value) for kind in kinds]
    return [Complaint("value_error", path, text, value)]


def _out_of_bounds(path: Path, value: object, sign: str, bound: int) -> Complaint:
    kind, words, name = BOUNDS[sign]
    return Complaint(kind, path, f"Input should be {words} {bound}", value, {name: bound})


def _mistyped(expected: str, path: Path, value: object) -> Complaint:
    kind, noun, unparsed = COMPLAINTS[expected]
    if isinstance(value, str) and unparsed:
        return Complaint(f"{kind}_parsing", path, f"Input should be {noun}{unparsed}", value)
    if isinstance(value, float) and kind == "int":
        message = "Input should be a valid integer, got a number with a fractional part"
        return Complaint("int_from_float", path, message, value)
    return Complaint(f"{kind}_type", path, f"Input should be {noun}", value)


def _path(text: str) -> Path:
    steps = [name or index for name, index in STEP.findall(text)]
    return tuple(int(step) if step.isdecimal() else step for step in steps)


def _at(given: Any, path: Path) -> object:
    for step in path:
        try:
            given = given[step]
        except (KeyError, IndexError, TypeError):
            return None
    return given
