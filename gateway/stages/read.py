"""Read: the body becomes a document, and the document names a model that this revision knows."""

import difflib

from gateway.exchange import Exchange
from gateway.form import read_form
from gateway.host_keys import HostKeys
from gateway.refusal import InvalidRequest, NotFound
from gateway.stages.stage import Step
from gateway.user import user_of
from models.protocol.document import InvalidDocument, read_document


class ReadDocument(Step):
    """Reads the body, once and strictly, and names its subject."""

    def __init__(self, max_depth: int, keys: HostKeys) -> None:
        self._max_depth = max_depth
        self._subject_of = keys.subject_of

    def enter(self, exchange: Exchange) -> None:
        request = exchange.request
        if b"content-encoding" in request.by_name and request.header(b"content-encoding").lower() != "identity":
            raise InvalidRequest("The body must not be compressed: the guards read it as it is.", status=415,
                                 code="unsupported_content_encoding")
        if b"x-request-id" in request.by_name:
            exchange.record.client_request_id = request.header(b"x-request-id")[:128]
        multipart = request.operation.multipart
        exchange.document = dict(read_form(request).fields) if multipart else self._document(exchange)
        user = user_of(exchange.document)
        if user:
            exchange.record.subject = self._subject_of(exchange.record.tenant, user)

    def _document(self, exchange: Exchange) -> dict[str, object]:
        if not _is_json(exchange.request.by_name.get(b"content-type", b"")):
            raise InvalidRequest("Unsupported Media Type: Only 'application/json' is allowed.",
                                 code="unsupported_media_type")
        try:
            return read_document(exchange.request.body, self._max_depth)
        except InvalidDocument as error:
            raise InvalidRequest(str(error), code=error.code) from None


class Read(ReadDocument):
    """Reads what the gateway itself must know, ``model`` and ``stream``; the rest is the model server's to judge."""

    def enter(self, exchange: Exchange) -> None:
        super().enter(exchange)
        stream = _form_stream if exchange.request.operation.multipart else _stream
        exchange.streamed = exchange.record.streamed = stream(exchange.document)
        _route(exchange)


def _is_json(media_type: bytes) -> bool:
    return media_type == b"application/json" or media_type.partition(b";")[0].strip().lower() == b"application/json"


def _stream(document: dict[str, object]) -> bool:
    stream = document.get("stream")
    if stream is None or stream is True or stream is False:
        return bool(stream)
    # The model server would take "true" and 1 for yes; then the two would not agree on what the reply is.
    raise InvalidRequest("stream must be true or false.", code="invalid_type", param="stream")


def _form_stream(document: dict[str, object]) -> bool:
    stream = str(document.get("stream", "false")).lower()
    if stream not in ("true", "false"):  # as above: 1, yes and on are true to the model server
        raise InvalidRequest("stream must be true or false.", code="invalid_type", param="stream")
    return stream == "true"


def _route(exchange: Exchange) -> None:
    asked = exchange.document.get("model")
    if asked is None or asked == "":
        raise InvalidRequest("The request names no model.", code="missing_model", param="model")
    if not isinstance(asked, str):
        raise InvalidRequest("model must be text.", code="invalid_type", param="model")
    route = exchange.snapshot.routes.get(asked)
    if route is None:
        raise NotFound(_unknown(asked, exchange.snapshot.routes), code="model_not_found", param="model")
    exchange.model_asked = asked
    exchange.route = route
    exchange.record.model = route.model
    exchange.record.retention = route.retention


def _unknown(asked: str, known: object) -> str:
    names = [name for name in known if "@" not in name or "@" in asked]  # type: ignore[attr-defined]
    close = difflib.get_close_matches(asked[:200], names, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return f"The model {asked[:200]!r} does not exist.{hint}"
