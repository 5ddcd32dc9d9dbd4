"""The admin port's app: every route on one screen."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.config.checking import ConfigurationError
from operations.admin.answers import AdminError, error, shown
from operations.cache.purging import ServerAway
from operations.content.vault import Damaged, WrongMasterKey
from operations.holds.hold import UnderHold
from operations.revisions.keeper import SnapshotNotWritten
from operations.revisions.revision import Stale, UnknownRevision
from operations.store.database import DatabaseAway

_Handler = Callable[[Request, Exception], Awaitable[Response]]
_CODES = {404: "not_found", 405: "method_not_allowed"}


def admin_app(routes: Iterable[BaseRoute]) -> Starlette:
    """The app over ``routes``, without the gate before it."""
    return Starlette(routes=list(routes), exception_handlers=_exception_handlers())


def _exception_handlers() -> dict[Any, _Handler]:
    """How each failure that a route may raise is told to the caller."""
    return {
        HTTPException: _answering(_http_error),
        AdminError: _answering(lambda e: error(e.status, e.code, str(e), **e.more)),
        ConfigurationError: _answering(
            lambda e: error(422, "invalid_routing", str(e), problems=shown(e.problems))),
        Stale: _answering(lambda e: error(409, "stale_revision", str(e), based_on=e.based_on, current=e.current)),
        UnknownRevision: _answering(lambda e: error(404, "revision_not_found", str(e))),
        SnapshotNotWritten: _answering(lambda e: error(503, "snapshot_not_written", str(e), revision=e.number)),
        UnderHold: _answering(lambda e: error(409, "under_legal_hold", str(e), hold=e.hold.id)),
        WrongMasterKey: _answering(lambda e: error(409, "wrong_master_key", str(e))),
        Damaged: _answering(lambda e: error(500, "content_damaged", f"What is stored of it is damaged: {e}.")),
        ServerAway: _answering(lambda e: error(
            503, "cache_unavailable", "The workers' memories have forgotten, the cache's server could not be swept: "
            f"{e}. Do it again once it is back.")),
        DatabaseAway: _answering(lambda e: error(503, "database_unavailable", f"The database does not answer: {e}")),
        Exception: _answering(lambda _: error(500, "internal_error", "This is a bug; the log says more."))}


def _answering(answer: Callable[[Any], Response]) -> _Handler:
    async def handle(_request: Request, failure: Exception) -> Response:
        return answer(failure)
    return handle


def _http_error(failure: HTTPException) -> Response:
    answer = error(failure.status_code, _CODES.get(failure.status_code, "bad_request"), failure.detail)
    answer.headers.update(failure.headers or {})
    return answer
