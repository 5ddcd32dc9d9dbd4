"""What came behind an exchange's record, in sentences: what guards found late, what people said, what was measured."""

from collections.abc import Iterator, Mapping
from typing import Any

from operations.feedback.feedback import subject_of
from operations.ledger.guards_told import guards_told

Row = Mapping[str, Any]
_RECHECKED = {"agreed": "said the same", "disagreed": "said something else, and what was given was forgotten",
              "undecided": "said nothing that could be compared"}


def signals_told(signals: list[Row]) -> Iterator[tuple[Row, str]]:
    """Each signal with what there is to say of it; ``signals`` are in order of time, without repeats."""
    before: dict[tuple[str, str, str], Row] = {}
    for signal in signals:
        if signal["kind"] == "guard":
            for side in ("prompt", "reply"):
                for sentence in guards_told(signal["body"], side):
                    yield signal, f"Afterwards, {sentence[0].lower()}{sentence[1:]}"
        elif signal["kind"] == "recheck":
            yield signal, (f"Asked for all the same, the model {_RECHECKED.get(signal['name'], signal['name'])} "
                           f"(exchange {signal['body'].get('by', '')}).")
        elif signal["kind"] == "feedback":
            yield signal, _said(signal, before.get(subject_of(signal)))
            before[subject_of(signal)] = signal
        else:
            value = "" if signal["value"] is None else f": {signal['value']:g}"
            yield signal, f"{signal['kind'].capitalize()} {signal['name']}{value}."


def _said(signal: Row, before: Row | None) -> str:
    now = f"Feedback: {signal['name']} is {value_of(signal)}"
    changed = f", no longer {value_of(before)}" if before is not None and value_of(before) != value_of(signal) else ""
    comment = signal["body"].get("comment")
    return f"{now}{changed}" + (f", with the comment {comment!r}." if comment else ".")


def value_of(feedback: Row) -> str:
    """A value as it was given."""
    value = feedback["body"].get("value")
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, str) else "(sealed)" if value is None else f"{value:g}"
