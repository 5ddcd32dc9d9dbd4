"""The admin API's routes for what is kept: who looks says why, and that is an act."""

import time
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from sqlalchemy import Connection, select
from starlette.requests import Request
from starlette.routing import Route

from operations.admin.answers import AdminError, Answer, body_as, number_in
from operations.audit import store as acts
from operations.audit.act import Act
from operations.content import store
from operations.content.shown import shown
from operations.content.vault import Vault
from operations.store.database import Database
from operations.store.tables import exchange, signal

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]


class OpenBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What opening takes."""

    reason: Reason
    actor: str = "admin"


class ContentRoutes:
    def __init__(self, database: Database, vault: Vault, wall: Callable[[], float] = time.time) -> None:
        self._database = database
        self._vault = vault
        self._wall = wall

    def routes(self) -> list[Route]:
        return [Route("/admin/content", self.kept), Route("/admin/content/{id}", self.open, methods=["POST"])]

    async def kept(self, request: Request) -> Answer:
        """What is kept and for how long; not what it says."""
        limit = number_in(request, "limit", 50, 1000)
        query = request.query_params
        rows = await self._database.read(lambda c: store.listed(
            c, limit, query.get("tenant"), query.get("subject"), query.get("after", "")))
        return Answer({"content": rows})

    async def open(self, request: Request) -> Answer:
        wanted: str = request.path_params["id"]
        body = await body_as(request, OpenBody)
        found = await self._database.run(lambda c: self._opened(c, wanted, body))
        if found is None:
            raise AdminError(404, "content_not_kept", f"Nothing is kept of {wanted!r}: its model's policy, or the "
                             "request, did not want it, or it has been erased, or its time was over.")
        return Answer(found)

    def _opened(self, connection: Connection, wanted: str, body: OpenBody) -> dict[str, Any] | None:
        found = store.opened(connection, self._vault, wanted)
        if found is None:
            return None
        row, kept = found
        acts.append(connection, Act(
            at=self._wall(), kind="content.open", actor=body.actor, reason=body.reason, about=wanted,
            details={"tenant": row["tenant"], "subject": row["subject"]}))
        told = shown(kept)
        return {**row, **told, "as_recorded": told["commitment"] == _recorded(connection, wanted)}


def _recorded(connection: Connection, wanted: str) -> str | None:
    """What the ledger's record says that it should be."""
    for table in (exchange, signal):
        found: str | None = connection.scalar(select(table.c.content).where(table.c.id == wanted))
        if found is not None:
            return found
    return None
