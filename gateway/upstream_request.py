"""What goes upstream for an exchange: the document under the served name, and a head of allowed headers only."""

from typing import Any

from gateway.endpoint_mark import marked_response_id
from gateway.exchange import Exchange, Request
from gateway.form import replace_field
from gateway.snapshot import Target
from models.endpoint import Endpoint
from models.protocol.document import encode_document

# All else stays here: credentials, cookies and whatever a proxy before us has added are not upstream's business.
FORWARDED = frozenset({b"traceparent", b"tracestate", b"anthropic-version", b"anthropic-beta"})


def upstream_request(exchange: Exchange, target: Target, endpoint: Endpoint) -> bytes:
    """The whole request, head and body, ready for one write."""
    request = exchange.request
    if request.operation.multipart:
        body = replace_field(request, "model", target.version.served_model)
        content_type = request.header(b"content-type").encode("latin-1")
    else:
        body = encode_document(upstream_document(exchange, target, endpoint))
        content_type = b"application/json"
    return _head(exchange, target, endpoint, content_type, len(body)) + body


def _head(exchange: Exchange, target: Target, endpoint: Endpoint, content_type: bytes, length: int) -> bytes:
    request = exchange.request
    return b"POST %b HTTP/1.1\r\nhost: %b\r\naccept: */*\r\ncontent-type: %b\r\n%b%bx-request-id: %b\r\n" \
           b"content-length: %d\r\n\r\n" % (
               request.operation.path.encode(), endpoint.authority.encode(), content_type,
               b"authorization: Bearer %b\r\n" % target.version.api_key.encode() if target.version.api_key else b"",
               _forwarded(request), exchange.id.encode(), length)


def _forwarded(request: Request) -> bytes:
    return b"".join(b"%b: %b\r\n" % (name, value) for name, value in request.headers if name in FORWARDED)


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
    return document


def asked_usage(document: dict[str, Any]) -> tuple[bool, bool]:
    """Whether the client itself asked for usage at the end of its stream, and on every chunk of it."""
    options = document.get("stream_options")
    if not isinstance(options, dict) or not options.get("include_usage"):
        return False, False
    return True, bool(options.get("continuous_usage_stats"))
