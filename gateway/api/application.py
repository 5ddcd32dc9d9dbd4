"""The application behind the fast lane: models, health, and a clear no to every other path.

Routes are an allow-list. A model server's control paths are not here, so they cannot be reached, however they are
spelled: nothing is ever passed on by prefix.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.config.settings import Key
from gateway.feedback import FEEDBACK
from gateway.moderation import MODERATIONS
from gateway.readiness import Readiness
from gateway.refusal import InternalError, MethodNotAllowed, NotFound, Refusal
from gateway.snapshot import Snapshot
from gateway.stages.identify import key_of
from models.protocol.document import encode_document
from models.protocol.operations import OPERATIONS

Handler = Callable[[Request], Awaitable[Response]]


def make_application(snapshot: Callable[[], Snapshot], readiness: Callable[[], Readiness],
                     keys: Mapping[str, Key] | None, new_id: Callable[[], str], more: Iterable[Route] = ()) -> ASGIApp:
    """``keys`` None lets everybody ask for the models, as in the fast lane. ``more`` are the routes of resources that
    have a file of their own."""
    handlers = {Refusal: _refused, HTTPException: _declined, Exception: _failed}
    routes = [*make_routes(snapshot, readiness, keys), *_each_path_once(more)]
    application = Starlette(routes=routes, exception_handlers=handlers)  # type: ignore[arg-type]
    application.router.redirect_slashes = False  # a path is one of these or it is not here
    return _marked(application, snapshot, new_id)


def make_routes(snapshot: Callable[[], Snapshot], readiness: Callable[[], Readiness],
                keys: Mapping[str, Key] | None) -> list[Route]:
    """Every path that the data port knows. Those of the fast lane stand here for their other methods alone."""

    async def health(request: Request) -> Response:
        return _json({"status": "alive"})

    async def ready(request: Request) -> Response:
        state = readiness()
        return _json(state.document(), 200 if state.ready else 503)

    async def list_models(request: Request) -> Response:
        key_of(request.headers.raw, keys)
        live = snapshot()
        return _json({"object": "list", "data": [_model(name, live) for name in live.models]})

    async def show_model(request: Request) -> Response:
        key_of(request.headers.raw, keys)
        name, live = request.path_params["name"], snapshot()
        if name not in live.routes:
            raise NotFound(f"The model {name[:200]!r} does not exist.", code="model_not_found", param="model")
        return _json(_model(name, live))

    return [
        Route("/health", health), Route("/ready", ready),
        Route("/v1/models", list_models), Route("/v1/models/{name:path}", show_model),
        *(Route(operation.path, _only_posted, methods=_OTHER_METHODS)
          for operation in (*OPERATIONS, MODERATIONS, FEEDBACK))]


def _each_path_once(routes: Iterable[Route]) -> Iterable[Route]:
    """A path that several routes share is declined with the methods of all of them."""
    routes = list(routes)
    methods: dict[str, set[str]] = {}
    for route in routes:
        methods.setdefault(route.path, set()).update((route.methods or set()) - {"HEAD"})
    yield from routes
    for path, served in methods.items():
        yield Route(path, _only(served), methods=sorted({*_OTHER_METHODS, "POST"} - served))


def _only(methods: set[str]) -> Handler:
    async def only(request: Request) -> Response:
        raise MethodNotAllowed(f"{request.method} is not served here.", allow=", ".join(sorted(methods)))
    return only


def _marked(application: ASGIApp, snapshot: Callable[[], Snapshot], new_id: Callable[[], str]) -> ASGIApp:
    """Gives every reply the headers that inference has: an id to ask after, and the revision that was live."""

    async def marked(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"], (b"x-request-id", new_id().encode()),
                    (b"x-gatewright-revision", b"%d" % snapshot().revision), (b"x-gatewright-cache", b"bypass"),
                    (b"x-gatewright-attempts", b"0")]
            await send(message)

        await application(scope, receive, send_marked)

    return marked


_OTHER_METHODS = ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]


async def _only_posted(request: Request) -> Response:
    raise MethodNotAllowed(f"{request.method} is not served here.", allow="POST")


def _model(name: str, live: Snapshot) -> dict[str, object]:
    return {"id": name, "object": "model", "created": int(live.created_at), "owned_by": "gatewright"}


def _json(document: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    encoded = encode_document(document)  # type: ignore[arg-type]
    return Response(encoded, status, headers=headers, media_type="application/json")


async def _refused(request: Request, refusal: Refusal) -> Response:
    headers = {name.decode(): value.decode() for name, value in refusal.headers() if name != b"content-type"}
    return _json(refusal.document(), refusal.status, headers)


async def _declined(request: Request, error: HTTPException) -> Response:
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        return await _refused(request, MethodNotAllowed(f"{request.method} is not served here.", allow=allowed))
    return await _refused(request, NotFound(f"There is nothing at {request.url.path[:200]}.", code="unknown_path"))


async def _failed(request: Request, error: Exception) -> Response:
    return await _refused(request, InternalError("The gateway failed."))
