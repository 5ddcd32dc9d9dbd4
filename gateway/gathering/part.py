"""A part: what one request for embeddings brings to a call that it may share with others."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from gateway.exchange import Exchange, Request
from gateway.record import ExchangeRecord
from gateway.reply import Flow
from gateway.upstream_request import FORWARDED

_encode = msgspec.json.Encoder(order="sorted").encode

OPERATION = "embeddings"
MOST_BYTES = 256 * 1024  # of the bodies that go together; a larger one goes by itself
# They say who asks and what for, and no embedding is another one for it. What a server may go by besides (`priority`,
# `cache_salt`, a field that the gateway does not know) has to be the same.
_NAMING = frozenset({"user", "safety_identifier", "metadata"})
_OWN = _NAMING | {"input", "model", "stream"}
_TRACE = frozenset({b"traceparent", b"tracestate"})

Kind = Literal["text", "ids"]


class Part(msgspec.Struct, frozen=True, eq=False):
    """``inputs`` are texts, or lists of token ids; only parts of one ``key`` may go together. ``weight`` is how much is
    to be read of it, in characters or tokens."""

    inputs: Sequence[Any]
    key: Hashable
    size: int  # bytes
    weight: int


def part_of(exchange: Exchange) -> Part | None:
    """None where the request goes by itself, whatever else is asked."""
    settings, request, document = exchange.route.gather, exchange.request, exchange.document
    if settings is None or request.operation.name != OPERATION or exchange.streamed or exchange.held_endpoint:
        return None
    inputs, kind = _inputs(document.get("input"))
    if not inputs or len(inputs) > settings.inputs or len(request.body) > MOST_BYTES:
        return None
    parameters = parameters_of(document)
    if list in map(type, parameters.values()):
        return None  # it may have something for each input
    record = exchange.record
    # A route is one name of one snapshot. Tenants are told apart unless the operator lets them go together.
    key = (exchange.route, record.arm_assigned, None if settings.across_tenants else record.tenant, kind,
           _encode(parameters), _headers(request))
    return Part(inputs, key, len(request.body), sum(map(len, inputs)) or 1)


def _inputs(given: Any) -> tuple[Sequence[Any], Kind]:
    """The inputs as a list of their own, as OpenAI's API has it; none where it is something else."""
    if isinstance(given, str):
        return [given], "text"
    if not isinstance(given, list):
        return [], "text"
    kinds = set(map(type, given))
    if kinds == {str}:
        return given, "text"
    if kinds == {int}:
        return [given], "ids"
    if kinds == {list} and all(set(map(type, one)) == {int} for one in given):
        return given, "ids"
    return [], "text"


def parameters_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """What decides how the inputs are read."""
    return {name: value for name, value in document.items() if name not in _OWN}


def _headers(request: Request) -> tuple[tuple[bytes, bytes], ...]:
    """Those that go upstream; a trace says nothing of the answer."""
    if FORWARDED.isdisjoint(request.by_name):
        return ()
    return tuple(sorted(pair for pair in request.by_name.items() if pair[0] in FORWARDED - _TRACE))


def joint_exchange(exchanges: Sequence[Exchange], parts: Sequence[Part], edge: Flow) -> Exchange:
    """One that asks for all of them. It has the id and the headers of the first, and the age of the oldest: whose time
    is over first bounds the call."""
    first = exchanges[0]
    request = Request(first.request.operation, _traced(exchanges).request.headers, b"")
    record = ExchangeRecord(
        id=first.id, started_at=first.record.started_at, operation=first.record.operation, model=first.record.model,
        revision=first.record.revision, arm_assigned=first.record.arm_assigned)
    document = {**parameters_of(first.document), "model": first.model_asked,
                "input": [one for part in parts for one in part.inputs]}
    return Exchange(request, first.snapshot, edge, record, min(exchange.began_at for exchange in exchanges),
                    document=document, model_asked=first.model_asked, route=first.route)


def _traced(exchanges: Sequence[Exchange]) -> Exchange:
    """A call stands in one trace: in that of the first who brings one along."""
    return next((one for one in exchanges if b"traceparent" in one.request.by_name), exchanges[0])
