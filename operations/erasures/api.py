"""The admin API's routes for erasing."""

import base64
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from operations.admin.answers import AdminError, Answer, body_as, number_in
from operations.erasures import store
from operations.erasures.erasing import Erasures
from operations.erasures.report import document_of
from operations.erasures.whose import SubjectOf, Whose, target_of
from operations.store.database import Database

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]


class EraseBody(Whose, forbid_unknown_fields=True, kw_only=True):
    """What erasing takes."""

    reason: Reason
    actor: str = "admin"
    dry_run: bool = False


class ErasureRoutes:
    def __init__(self, database: Database, erasures: Erasures, subject_of: SubjectOf) -> None:
        self._database = database
        self._erasures = erasures
        self._subject_of = subject_of

    def routes(self) -> list[Route]:
        base = "/admin/erasures"
        return [Route(base, self.erasures, methods=["GET", "POST"]), Route(base + "/{id}", self.show)]

    async def erasures(self, request: Request) -> Answer:
        if request.method == "POST":
            return await self.erase(request)
        limit = number_in(request, "limit", 50, 1000)
        return Answer({"erasures": await self._database.read(lambda c: store.newest(c, limit)),
                       "public_key": base64.b64encode(self._erasures.public_key).decode()})

    async def erase(self, request: Request) -> Answer:
        body = await body_as(request, EraseBody)
        target = await self._database.run(lambda c: target_of(c, body, self._subject_of))
        done = await self._erasures.erase(target, body.reason, body.actor, dry_run=body.dry_run)
        told: dict[str, Any] = {"dry_run": body.dry_run, "report": done.report, "signed": done.signed,
                                "filed": done.is_filed}
        return Answer(told, 200 if body.dry_run else 201)

    async def show(self, request: Request) -> Answer:
        wanted: str = request.path_params["id"]
        found = await self._database.read(lambda c: store.signed_report(c, wanted))
        if found is None:
            raise AdminError(404, "erasure_not_found", f"There is no erasure {wanted!r}.")
        return Answer({**document_of(found), "public_key": base64.b64encode(self._erasures.public_key).decode()})
