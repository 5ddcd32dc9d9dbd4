"""What applications ask of ``/v1/moderations``, and how they are answered: in OpenAI's shape."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from gateway.refusal import InvalidRequest, NotFound
from guardrails.moderation import ROLE, Scores
from guardrails.passage import Passage
from models.protocol.document import encode_document
from models.protocol.operations import Operation

MODERATIONS = Operation("moderations", "/v1/moderations")
MODEL = "gatewright-moderation"
# OpenAI's own names are taken, so that a client needs no other: what answers is the gateway all the same.
OPENAI_MODELS = ("omni-moderation-latest", "omni-moderation-2024-09-26", "text-moderation-latest",
                 "text-moderation-stable")
_FAMILIES = ("omni-moderation-", "text-moderation-")
MAX_INPUTS = 1024

Input = list[Passage]  # the texts that get one result together


def inputs_of(document: Mapping[str, Any]) -> list[Input]:
    """The inputs that were sent, each to get a result; raises a CallerRefusal."""
    _check_model(document.get("model"))
    written = document.get("input")
    if written is None:
        raise InvalidRequest("The request has no input.", code="missing_input", param="input")
    if isinstance(written, str):
        return [[Passage(written, ROLE, "input")]]
    if not isinstance(written, list) or not written:
        raise _no_input("input")
    if len(written) > MAX_INPUTS:
        raise InvalidRequest(f"At most {MAX_INPUTS} inputs can be sent at once.", code="too_many_inputs", param="input")
    if isinstance(written[0], dict):
        return [[_part(part, f"input[{index}]") for index, part in enumerate(written)]]
    return [[Passage(_text(text, f"input[{index}]"), ROLE, f"input[{index}]")] for index, text in enumerate(written)]


def _check_model(asked: object) -> None:
    if asked is None or asked == MODEL:
        return
    if not isinstance(asked, str):
        raise InvalidRequest("model must be text.", code="invalid_type", param="model")
    if not asked.startswith(_FAMILIES):
        close = difflib.get_close_matches(asked[:200], [MODEL, *OPENAI_MODELS], n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise NotFound(f"There is no moderation model {asked[:200]!r}.{hint}", code="model_not_found", param="model")


def _part(part: object, place: str) -> Passage:
    if not isinstance(part, dict) or not isinstance(part.get("type"), str):
        raise _no_input(place)
    if part["type"] != "text":
        raise InvalidRequest("Only text can be moderated here: pictures are not looked at.", code="unsupported_input",
                             param=f"{place}.type")
    return Passage(_text(part.get("text"), f"{place}.text"), ROLE, f"{place}.text")


def _text(written: object, place: str) -> str:
    if not isinstance(written, str):
        raise _no_input(place)
    return written


def _no_input(place: str) -> InvalidRequest:
    return InvalidRequest("input must be text, a list of texts, or a list of parts of type text.", code="invalid_type",
                          param=place)


def answer_of(exchange_id: str, results: Iterable[Scores]) -> bytes:
    """The body of the reply."""
    return encode_document({"id": f"modr-{exchange_id}", "model": MODEL, "results": [_result(one) for one in results]})


def _result(scores: Scores) -> dict[str, Any]:
    told: dict[str, Any] = {
        "guards": {name: {"flagged": guard.flagged, "score": round(guard.score, 6),
                          "labels": {label: round(score, 6) for label, score in guard.labels.items()}}
                   for name, guard in scores.guards.items()}}
    if scores.unchecked:
        told["unchecked"] = scores.unchecked
    return {"flagged": scores.flagged, "categories": scores.categories,
            "category_scores": {name: round(score, 6) for name, score in scores.category_scores.items()},
            "category_applied_input_types": {name: ["text"] for name in scores.categories}, "gatewright": told}
