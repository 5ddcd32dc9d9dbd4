"""What applications say of an exchange at ``/v1/feedback``, and how they are answered."""

import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.refusal import InvalidRequest
from models.protocol.operations import Operation

FEEDBACK = Operation("feedback", "/v1/feedback")
MAX_TEXT = 1000  # characters of a value that is text
MAX_COMMENT = 4000
_METRIC = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_FIELDS = ("exchange_id", "metric", "value", "comment")


class Feedback(msgspec.Struct, frozen=True):
    """One opinion. ``comment`` is None where none was given; numbers are finite."""

    exchange_id: str
    metric: str
    value: bool | float | str
    comment: str | None = None

    @property
    def number(self) -> float | None:
        """The value as what can be added up: 0 and 1 for false and true; None for a text."""
        return None if isinstance(self.value, str) else float(self.value)


def feedback_of(document: Mapping[str, Any]) -> Feedback:
    """What was sent; raises InvalidRequest."""
    for name in document:
        if name not in _FIELDS:
            raise InvalidRequest(f"There is no field {name[:100]!r}: expected {', '.join(_FIELDS)}.",
                                 code="unknown_field", param=name[:100])
    exchange_id, metric = _text(document, "exchange_id"), _text(document, "metric")
    if not _METRIC.fullmatch(metric):
        raise _refused("metric", "must be 1 to 64 letters, digits, '_', '-' and '.', the first no '-' or '.'")
    return Feedback(exchange_id, metric, _value(_given(document, "value")), _comment(document.get("comment")))


def _given(document: Mapping[str, Any], name: str) -> Any:
    value = document.get(name)
    if value is None:
        raise InvalidRequest(f"The feedback has no {name}.", code="missing_field", param=name)
    return value


def _text(document: Mapping[str, Any], name: str) -> str:
    value = _given(document, name)
    if not isinstance(value, str):
        raise InvalidRequest(f"{name} must be text.", code="invalid_type", param=name)
    return value


def _value(value: Any) -> bool | float | str:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _bounded("value", value, MAX_TEXT)
    if not isinstance(value, (int, float)):
        raise InvalidRequest("value must be true, false, a number or text.", code="invalid_type", param="value")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _refused("value", "must be a number that a double can hold")
    return number


def _comment(comment: Any) -> str | None:
    if comment is None:
        return None
    if not isinstance(comment, str):
        raise InvalidRequest("comment must be text.", code="invalid_type", param="comment")
    return _bounded("comment", comment, MAX_COMMENT)


def _bounded(name: str, text: str, most: int) -> str:
    if len(text) > most:
        raise _refused(name, f"must have at most {most} characters")
    return text


def _refused(name: str, expected: str) -> InvalidRequest:
    return InvalidRequest(f"{name} {expected}.", code="invalid_value", param=name)
