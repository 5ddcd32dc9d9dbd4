"""JSON Schema, as far as a stranger may use it here: in bounded steps, by linear-time patterns, without the network.

Schemas come with requests. The package's own keywords match patterns by backtracking, compare the items of a list each
with each, and follow references as long as there are any; those that do are replaced, and steps are counted.
``unevaluatedProperties`` and ``format`` are not looked at.
"""

import threading
from collections.abc import Iterator
from typing import Any

import jsonschema_specifications
import msgspec
import re2
from jsonschema import Draft202012Validator, ValidationError, validators

_MOST_STEPS = 20_000  # keywords applied to values in one validation, some 2 microseconds each
_MOST_KEPT = 256  # schemas that are kept ready


class UnusableSchema(ValueError):
    """A schema by which nothing can be told."""


class Schemas:
    """Validates by schemas, each made ready once (the last ones that were used are kept)."""

    def __init__(self) -> None:
        self._steps = _Steps()
        self._validator = validators.extend(Draft202012Validator, _keywords(self._steps))
        self._ready: dict[bytes, Any] = {}

    def conforms(self, value: Any, schema: Any) -> bool:
        """Raises UnusableSchema where the schema is none, refers elsewhere, or takes too many steps."""
        validator = self._made(schema)
        self._steps.left = _MOST_STEPS
        try:
            return next(validator.iter_errors(value), None) is None
        except UnusableSchema:
            raise
        except Exception as error:  # the package raises whatever an odd schema makes Python raise
            raise UnusableSchema(f"{type(error).__name__}: the schema cannot be used") from None

    def _made(self, schema: Any) -> Any:
        key = msgspec.json.encode(schema)
        validator = self._ready.pop(key, None)
        if validator is None:
            # This registry knows the drafts' own schemas, and fetches no others.
            validator = self._validator(schema, registry=jsonschema_specifications.REGISTRY)
        self._ready[key] = validator
        if len(self._ready) > _MOST_KEPT:
            self._ready.pop(next(iter(self._ready)), None)
        return validator


class _Steps(threading.local):
    """What is left of a validation's steps; a thread has one validation at a time."""

    left = _MOST_STEPS

    def take(self, count: int = 1) -> None:
        self.left -= count
        if self.left < 0:
            raise UnusableSchema(f"the schema takes more than {_MOST_STEPS} steps")


def _keywords(steps: _Steps) -> dict[str, Any]:
    own = {"pattern": _pattern, "patternProperties": _pattern_properties, "uniqueItems": _unique_items,
           "additionalProperties": _additional_properties}
    return {name: _counted(own.get(name, keyword), steps)
            for name, keyword in Draft202012Validator.VALIDATORS.items() if name != "unevaluatedProperties"} | {
        "unevaluatedProperties": None}


def _counted(keyword: Any, steps: _Steps) -> Any:
    def counted(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        steps.take(1 + (len(value) if isinstance(value, list | dict) else 0))
        return keyword(validator, value, instance, schema)

    return counted


def _pattern(validator: Any, pattern: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _compiled(pattern).search(instance):
        yield ValidationError("does not match")


def _pattern_properties(validator: Any, patterns: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    for pattern, subschema in patterns.items():
        compiled = _compiled(pattern)
        for name, value in instance.items():
            if compiled.search(name):
                yield from validator.descend(value, subschema, path=name, schema_path=pattern)


def _additional_properties(validator: Any, additional: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    known = schema.get("properties", {})
    patterns = [_compiled(pattern) for pattern in schema.get("patternProperties", {})]
    for name in instance:
        if name in known or any(pattern.search(name) for pattern in patterns):
            continue
        if additional is False:
            yield ValidationError("additional property")
        else:
            yield from validator.descend(instance[name], additional, path=name)


def _unique_items(validator: Any, unique: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if unique and isinstance(instance, list):
        seen = {msgspec.json.encode(_comparable(item), order="deterministic") for item in instance}
        if len(seen) < len(instance):
            yield ValidationError("not unique")


def _comparable(value: Any) -> Any:
    """JSON Schema takes 1 and 1.0 for the same."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    if isinstance(value, dict):
        return {name: _comparable(item) for name, item in value.items()}
    return value


def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error:
        raise UnusableSchema("a pattern that has no linear-time form") from None
