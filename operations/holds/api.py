"""The admin API's routes for legal holds."""

import os
import time
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.routing import Route

from operations.admin.answers import AdminError, Answer, body_as, number_in
from operations.audit import store as acts
from operations.audit.act import Act
from operations.erasures.whose import SubjectOf, Whose, target_of
from operations.holds import store
from operations.holds.hold import Hold
from operations.store.database import Database

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]


class AddBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a hold takes: one of ``user`` and ``subject``, or neither for the whole tenant."""

    tenant: str
    reason: Reason
    user: str | None = None
    subject: str | None = None
    actor: str = "admin"
    dry_run: bool = False


class ReleaseBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What releasing one takes."""

    reason: Reason
    actor: str = "admin"
    dry_run: bool = False


class HoldRoutes:
    def __init__(self, database: Database, subject_of: SubjectOf, wall: Callable[[], float] = time.time,
                 entropy: Callable[[int], bytes] = os.urandom) -> None:
        self._database = database
        self._subject_of = subject_of
        self._wall = wall
        self._entropy = entropy

    def routes(self) -> list[Route]:
        base = "/admin/holds"
        return [Route(base, self.holds, methods=["GET", "POST"]), Route(base + "/{id}", self.show),
                Route(base + "/{id}/release", self.release, methods=["POST"])]

    async def holds(self, request: Request) -> Answer:
        if request.method == "POST":
            return await self.add(request)
        limit = number_in(request, "limit", 50, 1000)
        released = request.query_params.get("released") == "true"
        return Answer({"holds": await self._database.read(lambda c: store.listed(c, limit, released=released))})

    async def add(self, request: Request) -> Answer:
        body = await body_as(request, AddBody)
        return Answer(await self._database.run(lambda c: self._add(c, body)), 200 if body.dry_run else 201)

    def _add(self, connection: Connection, body: AddBody) -> dict[str, Any]:
        subject = ""
        if body.user or body.subject:
            whose = Whose(tenant=body.tenant, user=body.user, subject=body.subject)
            subject = target_of(connection, whose, self._subject_of).subject
        hold = Hold(id=self._entropy(8).hex(), tenant=body.tenant, subject=subject, actor=body.actor,
                    reason=body.reason, placed_at=self._wall())
        if not body.dry_run:
            store.add(connection, hold)
            self._tell(connection, "hold.add", hold, body.actor, body.reason)
        return {"dry_run": body.dry_run, "hold": hold}

    async def show(self, request: Request) -> Answer:
        return Answer(await self._database.read(lambda c: _the_one(c, request.path_params["id"])))

    async def release(self, request: Request) -> Answer:
        body = await body_as(request, ReleaseBody)
        return Answer(await self._database.run(lambda c: self._release(c, request.path_params["id"], body)))

    def _release(self, connection: Connection, wanted: str, body: ReleaseBody) -> dict[str, Any]:
        hold = _the_one(connection, wanted)
        if hold.released_at is not None:
            raise AdminError(409, "hold_released", f"Hold {wanted} was released already, by {hold.released_by}.")
        if not body.dry_run:
            store.release(connection, hold.id, self._wall(), body.actor, body.reason)
            self._tell(connection, "hold.release", hold, body.actor, body.reason)
        return {"dry_run": body.dry_run, "hold": _the_one(connection, wanted)}

    def _tell(self, connection: Connection, kind: str, hold: Hold, actor: str, reason: str) -> None:
        acts.append(connection, Act(at=self._wall(), kind=kind, actor=actor, reason=reason, about=hold.id,
                                    details={"tenant": hold.tenant, "subject": hold.subject}))


def _the_one(connection: Connection, wanted: str) -> Hold:
    found = store.numbered(connection, wanted)
    if found is None:
        raise AdminError(404, "hold_not_found", f"There is no legal hold {wanted!r}.")
    return found
