"""What goes upstream for an exchange: the document under the served name, and a head of allowed headers only."""

from typing import Any

from gateway.endpoint_mark import marked_response_id
from gateway.exchange import Exchange
from gateway.form import replace_fields
from gateway.snapshot import Target
from models.endpoint import Endpoint
from models.protocol.document import encode_document

# All else stays here: credentials, cookies and whatever a proxy before us has added are not upstream's business.
FORWARDED = frozenset({b"traceparent", b"tracestate", b"anthropic-version", b"anthropic-beta"})


def upstream_request(exchange: Exchange, target: Target, endpoint: Endpoint) -> bytes:
    """The whole request, head and body, ready for one write."""
    request = exchange.request
    more = b""
    if request.operation.multipart:
        body = replace_fields(request, {**exchange.document, "model": target.version.served_model})
        more = b"content-type: %b\r\n" % request.by_name[b"content-type"]
    else:
        body = encode_document(upstream_document(exchange, target, endpoint))
    if not FORWARDED.isdisjoint(request.by_name):
        more += b"".join(b"%b: %b\r\n" % pair for pair in request.by_name.items() if pair[0] in FORWARDED)
    return b"%b%bx-request-id: %b\r\ncontent-length: %d\r\n\r\n%b" % (
        target.heads[request.operation.path, endpoint.url], more, exchange.id.encode(), len(body), body)


def upstream_document(exchange: Exchange, target: Target, endpoint: Endpoint) -> dict[str, Any]:
    """The client's document with the served model's name, the version's defaults, and what the gateway asks for."""
    operation = exchange.request.operation
    document = {**exchange.document, "model": target.version.served_model}
    for name, value in target.version.defaults.items():
        document.setdefault(name, value)
    if operation.usage_options and exchange.streamed:
        options = document.get("stream_options")
        if options is None or isinstance(options, dict):
            # On every chunk, so that a stream that is abandoned is counted as far as it went.
            document["stream_options"] = {**(options or {}), "include_usage": True, "continuous_usage_stats": True}
    if operation.stateful:
        document.setdefault("request_id", marked_response_id(endpoint.mark, exchange.id))
    if exchange.record.purpose == "batch" and exchange.route.batch.priority is not None:
        document["priority"] = exchange.route.batch.priority
    return document


def asked_usage(document: dict[str, Any]) -> tuple[bool, bool]:
    """Whether the client itself asked for usage at the end of its stream, and on every chunk of it."""
    options = document.get("stream_options")
    if not isinstance(options, dict) or not options.get("include_usage"):
        return False, False
    return True, bool(options.get("continuous_usage_stats"))
