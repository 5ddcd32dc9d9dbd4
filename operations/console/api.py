"""The console's route."""

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from operations.console.page import View, render
from operations.control.health import Health
from operations.ledger import store
from operations.revisions.keeper import Keeper
from operations.store.database import Database, DatabaseAway
from operations.workers.board import Workers

_LATEST = 20
# Nothing is loaded from anywhere, nothing runs, and no page may frame this one.
_HEADERS = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
            "cache-control": "no-store", "x-content-type-options": "nosniff"}


class ConsoleRoutes:
    def __init__(self, keeper: Keeper, workers: Workers, health: Health, database: Database) -> None:
        self._keeper = keeper
        self._workers = workers
        self._health = health
        self._database = database

    def routes(self) -> list[Route]:
        return [Route("/", self.page)]

    async def page(self, _request: Request) -> Response:
        current = self._keeper.current
        view = View(
            revision=self._keeper.number, revised_at=current.created_at if current else 0.0,
            document=self._keeper.document, missing=list(self._health.missing()), notes=list(self._health.notes()),
            workers=[(status, self._workers.state(status)) for status in self._workers.all()],
            endpoints=self._workers.endpoints(), exchanges=await self._exchanges())
        return HTMLResponse(render(view), headers=_HEADERS)

    async def _exchanges(self) -> list[dict[str, Any]] | None:
        try:
            return await self._database.read(lambda c: store.newest(c, _LATEST))
        except DatabaseAway:
            return None
