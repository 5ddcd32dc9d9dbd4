"""docs/configuration.md has every key that an operator may write, with its default, and no other."""

import re
from collections.abc import Iterator
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from gateway.config.routing_document import RoutingDocument
from gateway.config.settings import Settings
from gateway.config.written import Duration
from tests.docs.documents import ROOT, rows

PAGE = ROOT / "docs" / "configuration.md"


def keys_of(kind: Any, path: str = "", names: tuple[str, ...] = ("NAME", "GUARD")) -> Iterator[tuple[str, Any]]:
    """Every key below ``kind`` as (path, field); a mapping's names are NAME, and GUARD in a mapping below that."""
    parts = [part for part in get_args(kind) if part is not type(None)]
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind)
        for field in msgspec.structs.fields(kind):
            below = f"{path}.{field.encode_name}".lstrip(".")
            yield below, field
            yield from keys_of(hints[field.name], below, names)
    elif get_origin(kind) is dict:
        yield from keys_of(parts[1], f"{path}.{names[0]}", names[1:])
    elif get_origin(kind) is list:
        yield from keys_of(parts[0], f"{path}[]", names)
    else:
        for part in parts:
            if not isinstance(part, str):
                yield from keys_of(part, path, names)


def written(default: Any) -> str:
    """A default as an operator would write it, in code; what is no value has words instead."""
    if isinstance(default, Duration):
        unit, name = (0.001, "ms") if default < 1 else (1, "s") if default % 60 else (60, "m")
        return f"`{default / unit:g}{name}`"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def default_is(field: Any, cell: str) -> bool:
    if field.required:
        return cell == "required"
    if isinstance(field.default, msgspec.Struct):
        return cell == "as below"
    if field.default_factory is not msgspec.NODEFAULT or field.default is None:
        return "`" not in cell and cell != "required"
    return cell == written(field.default)


def test_every_key_is_in_the_document_and_no_other() -> None:
    keys = {path for kind in (Settings, RoutingDocument) for path, _ in keys_of(kind)}
    documented = set(rows(PAGE)) - set(variables())
    assert documented - keys == set()
    assert keys - documented == set()


def test_every_default_is_the_real_one() -> None:
    table = rows(PAGE)
    keys = [pair for kind in (Settings, RoutingDocument) for pair in keys_of(kind)]
    assert [(path, table[path][1]) for path, field in keys if not default_is(field, table[path][1])] == []


def test_every_row_says_what_the_key_means() -> None:
    assert [path for path, cells in rows(PAGE).items() if len(cells[-1]) < 15] == []


def variables() -> set[str]:
    packages = ("models", "routing", "guardrails", "gateway", "operations")
    sources = (path.read_text() for package in packages for path in (ROOT / package).rglob("*.py"))
    return {name for source in sources for name in re.findall(r"\bGATEWRIGHT_[A-Z_]+", source)}


def test_every_environment_variable_is_in_the_document() -> None:
    assert variables() - set(rows(PAGE)) == set()
