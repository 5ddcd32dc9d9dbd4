"""The admin API's route for exports."""

import time
from collections.abc import Callable
from typing import Annotated

import msgspec
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from operations.admin.answers import AdminError, body_as
from operations.audit import store as acts
from operations.audit.act import Act
from operations.content.vault import Vault
from operations.erasures.report import Target
from operations.erasures.whose import SubjectOf, Whose, target_of
from operations.exports.export import Export
from operations.store.database import Database

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]


class ExportBody(Whose, forbid_unknown_fields=True, kw_only=True):
    """What an export takes: whose it is, and why it is wanted."""

    reason: Reason
    actor: str = "admin"


class ExportRoutes:
    def __init__(self, database: Database, vault: Vault, subject_of: SubjectOf,
                 wall: Callable[[], float] = time.time) -> None:
        self._database = database
        self._vault = vault
        self._subject_of = subject_of
        self._wall = wall

    def routes(self) -> list[Route]:
        return [Route("/admin/exports", self.export, methods=["POST"])]

    async def export(self, request: Request) -> Response:
        """The act first, then what it is about."""
        body = await body_as(request, ExportBody)
        if body.exchange:
            raise AdminError(400, "invalid_body", "An export is of a subject: name user or subject.")
        target = await self._database.run(lambda c: self._noted(c, body))
        export = Export(self._database, self._vault, target, self._wall())
        return StreamingResponse(export.lines(), media_type="application/x-ndjson")

    def _noted(self, connection: Connection, body: ExportBody) -> Target:
        target = target_of(connection, body, self._subject_of)
        acts.append(connection, Act(at=self._wall(), kind="subject.export", actor=body.actor, reason=body.reason,
                                    about=target.subject, details={"tenant": target.tenant}))
        return target
