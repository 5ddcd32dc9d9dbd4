"""A request's JSON document, read so strictly that no two readers of it can disagree.

JSON leaves room for disagreement: a key written twice (which one counts?), NaN, lone surrogates, depth without end.
A guard that reads one thing while the model server reads another is a guard that can be passed by. So what is
ambiguous is refused, and what goes upstream is encoded again from what was read.
"""

import json
from collections.abc import Mapping
from typing import Any

import msgspec

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode

# Looking into an object or array costs about a microsecond: this many hold the event loop for a tenth of a second.
MAX_CONTAINERS = 100_000


class InvalidDocument(Exception):
    """No acceptable JSON object. ``code``: invalid_json, duplicate_key, json_too_deep or json_too_complex."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def read_document(body: bytes, max_depth: int) -> dict[str, Any]:
    """Returns the object in ``body``; raises InvalidDocument where it is not one, or not one way only to read it."""
    try:
        document = _decode(body)
    except RecursionError:
        raise InvalidDocument("json_too_deep", _too_deep(max_depth)) from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidDocument("invalid_json", f"The body is not valid JSON: {error}") from None
    if type(document) is not dict:
        raise InvalidDocument("invalid_json", "The body must be a JSON object.")
    # The depth cannot exceed the number of opening brackets: most documents need no walk.
    brackets = body.count(b"{") + body.count(b"[")
    if brackets > MAX_CONTAINERS and _containers_in(document) > MAX_CONTAINERS:
        raise InvalidDocument("json_too_complex", f"The body holds more than {MAX_CONTAINERS} objects and arrays.")
    if brackets > max_depth and _depth_of(document) > max_depth:
        raise InvalidDocument("json_too_deep", _too_deep(max_depth))
    # A compact body that comes out of its own decoding byte for byte cannot have held a key twice. Clients that write
    # spaces, escapes or other number formats pay for a second, slower reading.
    if _encode(document) != body:
        _refuse_duplicates(body)
    return document


def encode_document(document: Mapping[str, Any]) -> bytes:
    return _encode(document)


def _too_deep(max_depth: int) -> str:
    return f"The body is nested deeper than {max_depth} levels."


def _containers_in(document: Any) -> int:
    """Objects and arrays in ``document``, counted no further than is needed to know that they are too many."""
    count, open_nodes = 0, [document]
    while open_nodes and count <= MAX_CONTAINERS:
        count += 1
        open_nodes += _children_of(open_nodes.pop())
    return count


def _depth_of(document: Any) -> int:
    depth, level = 0, [document]
    while level:
        depth += 1
        level = [child for node in level for child in _children_of(node)]
    return depth


def _children_of(node: Any) -> list[Any]:
    values = node.values() if type(node) is dict else node
    return [value for value in values if type(value) is dict or type(value) is list]


def _refuse_duplicates(body: bytes) -> None:
    # The standard library tells of every pair that it reads; msgspec has already vouched for the syntax.
    json.loads(body, object_pairs_hook=_object_without_twins, parse_int=float, parse_float=float)


def _object_without_twins(pairs: list[tuple[str, Any]]) -> None:
    names = {name for name, _ in pairs}
    if len(names) < len(pairs):
        twins = [name for name in names if sum(name == other for other, _ in pairs) > 1]
        raise InvalidDocument("duplicate_key", f"The key {min(twins)[:100]!r} stands twice in one object.")
