"""Checks a parsed document against msgspec types and reports every problem at once.

msgspec stops at the first error, which is right on the wire and wrong for a person with a file open. So the document is
walked here, type by type, and only the leaves are converted by msgspec.
"""

import difflib
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

T = TypeVar("T")


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong with a document, said so that a person can mend it."""

    path: str
    expected: str
    found: str
    nearest: str | None = None

    def __str__(self) -> str:
        hint = f" Did you mean {self.nearest!r}?" if self.nearest else ""
        return f"{self.path or '(document)'}: expected {self.expected}, found {self.found}.{hint}"


class ConfigurationError(Exception):
    """A document that cannot be used; carries all of its problems."""

    def __init__(self, source: str, problems: Iterable[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        super().__init__(f"{source}: " + " ".join(map(str, self.problems)))


class Written:
    """A leaf that is written as text, such as ``2s``: a subclass parses it and says what it expects."""

    expected = "text"
    secret = False  # what was found in its place is not shown

    @classmethod
    def parse(cls, value: Any) -> Any:
        """Returns the value; raises ValueError where it is not one."""
        raise NotImplementedError


def decode_written(kind: type, value: Any) -> Any:
    """msgspec's hook for the leaves that it does not know."""
    if issubclass(kind, Written):
        return kind.parse(value)
    raise NotImplementedError(f"no way to read a {kind.__name__}")


def nearest(name: object, known: Iterable[str]) -> str | None:
    close = difflib.get_close_matches(str(name), list(known), n=1, cutoff=0.6)
    return close[0] if close else None


def join(path: str, key: object) -> str:
    text = str(key) if not isinstance(key, str) or key.replace("-", "").replace("_", "").isalnum() else f'"{key}"'
    return f"{path}.{text}" if path else text


def convert(document: Any, kind: type[T], source: str) -> T:
    """Returns ``document`` as ``kind``; raises ConfigurationError with every problem in it."""
    problems = list(problems_of(document, kind, ""))
    if problems:
        raise ConfigurationError(source, problems)
    return msgspec.convert(document, kind, dec_hook=decode_written)


def problems_of(value: Any, kind: Any, path: str) -> Iterator[Problem]:
    """Yields what is wrong with ``value`` as a ``kind``, with the path of each."""
    origin = get_origin(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield from _problems_of_struct(value, kind, path)
    elif origin in (Union, types.UnionType) and _is_optional(kind):
        if value is not None:
            yield from problems_of(value, next(a for a in get_args(kind) if a is not type(None)), path)
    elif isinstance(value, Mapping) and (struct := _struct_in(kind)):
        yield from _problems_of_struct(value, struct, path)
    elif origin is dict:
        names, kinds = get_args(kind)
        yield from _problems_of_mapping(value, names, kinds, path)
    elif origin is list:
        yield from _problems_of_list(value, get_args(kind)[0], path)
    else:
        yield from _problems_of_leaf(value, kind, path)


def _is_optional(kind: Any) -> bool:
    return len(get_args(kind)) == 2 and type(None) in get_args(kind)


def _struct_in(kind: Any) -> type[msgspec.Struct] | None:
    """The struct among a union's parts: a mapping can only have been meant for that one."""
    parts = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else ()
    return next((part for part in parts if isinstance(part, type) and issubclass(part, msgspec.Struct)), None)


def _problems_of_struct(value: Any, kind: type[msgspec.Struct], path: str) -> Iterator[Problem]:
    if not isinstance(value, Mapping):
        yield Problem(path=path, expected=describe(kind), found=show(value))
        return
    hints = get_type_hints(kind, include_extras=True)
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for key in value:
        if key not in fields:
            found = f"the unknown key {key!r}"
            yield Problem(path=join(path, key), expected=f"one of {_listing(fields)}", found=found,
                          nearest=nearest(key, fields))
    for name, field in fields.items():
        if name in value:
            yield from problems_of(value[name], hints[field.name], join(path, name))
        elif field.required:
            yield Problem(path=join(path, name), expected=describe(hints[field.name]), found="nothing")


def _problems_of_mapping(value: Any, names: Any, kind: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, Mapping):
        yield Problem(path=path, expected=f"a mapping of names to {describe(kind)}", found=show(value))
        return
    for key, item in value.items():
        if not isinstance(key, str):
            yield Problem(path=join(path, key), expected="a name (text; quote it)", found=show(key))
        elif get_origin(names) is Literal and key not in get_args(names):
            yield Problem(path=join(path, key), expected=describe(names), found=f"the unknown key {key!r}",
                          nearest=nearest(key, _choices(names)))
        elif kind is not Any:
            yield from problems_of(item, kind, join(path, key))


def _problems_of_list(value: Any, kind: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield Problem(path=path, expected=f"a list of {describe(kind)}", found=show(value))
        return
    for index, item in enumerate(value):
        yield from problems_of(item, kind, f"{path}[{index}]")


def _problems_of_leaf(value: Any, kind: Any, path: str) -> Iterator[Problem]:
    try:
        msgspec.convert(value, kind, dec_hook=decode_written)
    except (msgspec.ValidationError, ValueError, OverflowError):
        found = "something else" if getattr(kind, "secret", False) else show(value)
        yield Problem(path=path, expected=describe(kind), found=found, nearest=nearest(value, _choices(kind)))


def _choices(kind: Any) -> list[str]:
    if get_origin(kind) in (Union, types.UnionType):
        return [choice for part in get_args(kind) for choice in _choices(part)]
    return [str(choice) for choice in get_args(kind)] if get_origin(kind) is Literal else []


def _listing(names: Iterable[str]) -> str:
    return ", ".join(names)


def describe(kind: Any) -> str:
    """Says what a type expects, in an operator's words."""
    origin = get_origin(kind)
    if isinstance(kind, type) and issubclass(kind, Written):
        return kind.expected
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return f"a mapping with {_listing(kind.__struct_encode_fields__)}"
    if origin is Literal:
        return "one of " + _listing(str(choice) for choice in get_args(kind))
    if origin in (Union, types.UnionType):
        return " or ".join(describe(part) for part in get_args(kind) if part is not type(None))
    if origin is dict:
        return f"a mapping of names to {describe(get_args(kind)[1])}"
    if origin is list:
        return f"a list of {describe(get_args(kind)[0])}"
    return _describe_leaf(kind)


_WORDS = {str: "text", bool: "true or false", int: "a whole number", float: "a number", Any: "any value"}


def _describe_leaf(kind: Any) -> str:
    arguments = get_args(kind)
    if not arguments:
        return _WORDS.get(kind, getattr(kind, "__name__", str(kind)))
    bounds = next((a for a in arguments[1:] if isinstance(a, msgspec.Meta)), None)
    words = _WORDS.get(arguments[0], "a value")
    if bounds is None:
        return words
    limits = {"of at least": bounds.ge, "above": bounds.gt, "of at most": bounds.le, "below": bounds.lt}
    pattern = [f"that matches {bounds.pattern}"] if bounds.pattern else []
    return " ".join([words, *(f"{word} {limit:g}" for word, limit in limits.items() if limit is not None), *pattern])


def show(value: Any) -> str:
    """Shows what was found, short enough for one line."""
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
