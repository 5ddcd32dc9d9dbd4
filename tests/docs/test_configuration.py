"""docs/configuration.md has every key that an operator may write, with its default, and no other."""

import re
from collections.abc import Iterator
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from gateway.config.routing_document import RoutingDocument
from gateway.config.settings import Settings
from gateway.config.written import Duration
from guardrails.policy import PromptRules, ReplyRules, Rule, SlowRule
from tests.docs.documents import ROOT, rows

PAGE = ROOT / "docs" / "configuration.md"


def keys_of(kind: Any, path: str = "", names: tuple[str, ...] = ("NAME", "KEY")) -> Iterator[tuple[str, Any]]:
    """Every key below ``kind`` as (path, field); a mapping's names are NAME. What guards have in common is told once,
    in a table of its own: see ``keys_of_rules``."""
    parts = [part for part in get_args(kind) if part is not type(None)]
    if kind in (PromptRules, ReplyRules):
        return
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


def keys_of_rules() -> Iterator[tuple[str, Any]]:
    """The keys that all guards' rules have, under GUARD, and those that one has for itself, under its name."""
    yield from keys_of(SlowRule, "GUARD", ("ROLE", "KEY"))
    common = {field.name for field in msgspec.structs.fields(SlowRule)}
    own = {f"{name}.{field.name}": field for side in (PromptRules, ReplyRules)
           for name, hint in get_type_hints(side).items() for kind in get_args(hint)
           if isinstance(kind, type) and issubclass(kind, Rule)
           for field in msgspec.structs.fields(kind) if field.name not in common}
    yield from own.items()


def all_keys() -> list[tuple[str, Any]]:
    return [*keys_of(Settings), *keys_of(RoutingDocument), *keys_of_rules()]


_UNITS = ((86_400, "d"), (60, "m"), (1, "s"))


def written(default: Any) -> str:
    """A default as an operator would write it, in code; what is no value has words instead."""
    if isinstance(default, Duration):
        unit, name = next((pair for pair in _UNITS if default >= pair[0] and default % pair[0] == 0), (0.001, "ms"))
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
    keys = {path for path, _ in all_keys()}
    documented = set(rows(PAGE)) - set(variables())
    assert documented - keys == set()
    assert keys - documented == set()


def test_every_default_is_the_real_one() -> None:
    table = rows(PAGE)
    assert [(path, table[path][1]) for path, field in all_keys() if not default_is(field, table[path][1])] == []


def test_every_row_says_what_the_key_means() -> None:
    assert [path for path, cells in rows(PAGE).items() if len(cells[-1]) < 15] == []


def variables() -> set[str]:
    packages = ("models", "routing", "guardrails", "gateway", "operations")
    sources = (path.read_text() for package in packages for path in (ROOT / package).rglob("*.py"))
    return {name for source in sources for name in re.findall(r"\bGATEWRIGHT_[A-Z_]+", source)}


def test_every_environment_variable_is_in_the_document() -> None:
    assert variables() - set(rows(PAGE)) == set()


def test_every_guard_is_named_in_the_document() -> None:
    table = rows(PAGE)
    for side, kind in (("prompt", PromptRules), ("reply", ReplyRules)):
        told = set(re.findall(r"`(\w+)`", table[f"policies.NAME.{side}"][-1]))
        if side == "reply":
            left_out = set(re.findall(r"`(\w+)`", table["policies.NAME.reply"][-1].partition(";")[0]))
            told = (told | set(re.findall(r"`(\w+)`", table["policies.NAME.prompt"][-1]))) - left_out
        assert told == set(kind.__struct_fields__)
