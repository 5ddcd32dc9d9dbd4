"""The admin API's routes for revisions."""

from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from gateway.config.checking import ConfigurationError
from gateway.config.routing_document import check_routing, warnings_of
from operations.admin.answers import AdminError, Answer, body_as, number_in, shown
from operations.revisions.keeper import Change, Keeper
from operations.revisions.revision import Revision, UnknownRevision, check_base, differences
from operations.revisions.routing_file import RoutingFile
from operations.workers.board import Workers

MAX_WAIT_SECONDS = 60.0
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
Wait = Annotated[float, msgspec.Meta(ge=0, le=MAX_WAIT_SECONDS)]


class PlanBody(msgspec.Struct, forbid_unknown_fields=True):
    """What ``plan`` takes."""

    routing: Any


class ApplyBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What ``apply`` takes. With ``wait_seconds`` the answer tells which live workers serve the revision."""

    routing: Any
    reason: Reason
    actor: str = "admin"
    based_on: int | None = None
    dry_run: bool = False
    wait_seconds: Wait = 0


class RollBackBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a rollback takes."""

    reason: Reason
    actor: str = "admin"
    based_on: int | None = None
    dry_run: bool = False
    wait_seconds: Wait = 0


class RevisionRoutes:
    """Each route reads its request, asks the keeper, and shows the answer."""

    def __init__(self, keeper: Keeper, file: RoutingFile, workers: Workers) -> None:
        self._keeper = keeper
        self._file = file
        self._workers = workers

    def routes(self) -> list[Route]:
        base = "/admin/revisions"
        return [
            Route("/admin/config", self.config),
            Route(base, self.revisions, methods=["GET", "POST"]),
            Route(f"{base}/plan", self.plan, methods=["POST"]),
            Route(base + "/{number}", self.show),
            Route(base + "/{number}/rollback", self.roll_back, methods=["POST"]),
            Route(base + "/{before}/diff/{after}", self.diff)]

    async def config(self, _request: Request) -> Answer:
        """What is live, and how the watched file stands to it."""
        refusal = self._file.refusal
        return Answer({
            "revision": self._keeper.number,
            "in_step_with_database": self._keeper.in_step,
            "snapshot_written": self._keeper.written,
            "warnings": self._keeper.warnings(),
            "file": str(self._file.path),
            "file_refused": refusal is not None,
            "refused_at": refusal.at if refusal else None,
            "problems": shown(refusal.problems) if refusal else []})

    async def revisions(self, request: Request) -> Answer:
        if request.method == "POST":
            return await self.apply(request)
        rows = await self._keeper.newest(number_in(request, "limit", 50, 1000))
        return Answer({"current": self._keeper.number, "revisions": [_summary(row) for row in rows]})

    async def apply(self, request: Request) -> Answer:
        body = await body_as(request, ApplyBody)
        plan = self._keeper.check(body.routing)
        check_base(body.based_on, self._keeper.number)
        if body.dry_run:
            return Answer({"dry_run": True, "revision": self._keeper.number, "plan": _plan(plan)})
        revision, new = await self._keeper.apply(Change(
            routing=body.routing, source="api", reason=body.reason, actor=body.actor, based_on=body.based_on))
        return await self._applied(revision, new, body.wait_seconds, _plan(plan))

    async def roll_back(self, request: Request) -> Answer:
        body = await body_as(request, RollBackBody)
        number = self._number(request, "number")
        old = await self._keeper.numbered(number)
        plan = self._keeper.check(old.routing)
        check_base(body.based_on, self._keeper.number)
        if body.dry_run:
            return Answer({"dry_run": True, "revision": self._keeper.number, "plan": _plan(plan)})
        revision, new = await self._keeper.roll_back(number, body.reason, body.actor, body.based_on)
        return await self._applied(revision, new, body.wait_seconds, _plan(plan))

    async def _applied(self, revision: Revision, new: bool, wait_seconds: float, plan: dict[str, Any]) -> Answer:
        workers = await self._workers.serving(revision.revision, wait_seconds)
        return Answer({"revision": revision.revision, "new": new, "digest": revision.digest, "plan": plan,
                       "workers": workers}, 201 if new else 200)

    async def plan(self, request: Request) -> Answer:
        body = await body_as(request, PlanBody)
        return Answer(_plan(self._keeper.check(body.routing)))

    async def show(self, request: Request) -> Answer:
        revision = await self._keeper.numbered(self._number(request, "number"))
        return Answer({**_summary(revision), "routing": revision.routing, "warnings": _warnings(revision)})

    async def diff(self, request: Request) -> Answer:
        before = await self._keeper.numbered(self._number(request, "before"))
        after = await self._keeper.numbered(self._number(request, "after"))
        found = list(differences(before.routing, after.routing))
        return Answer({"before": before.revision, "after": after.revision, "differences": found})

    def _number(self, request: Request, name: str) -> int:
        text: str = request.path_params[name]
        if text == "current":
            if not self._keeper.number:
                raise UnknownRevision(0)
            return self._keeper.number
        if not text.isascii() or not text.isdigit() or len(text) > 9:
            raise AdminError(404, "revision_not_found", f"{text!r} is no revision: give its number, or current.")
        return int(text)


def _summary(revision: Revision) -> dict[str, Any]:
    fields = msgspec.structs.asdict(revision)
    del fields["routing"]
    return fields


def _plan(plan: Any) -> dict[str, Any]:
    return {**msgspec.structs.asdict(plan), "changes_nothing": plan.changes_nothing}


def _warnings(revision: Revision) -> list[str]:
    try:
        return warnings_of(check_routing(revision.routing, "revision"))
    except ConfigurationError as error:
        return [f"this release would refuse it: {problem}" for problem in error.problems]
