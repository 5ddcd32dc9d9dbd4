"""The admin API's routes for batches."""

import asyncio
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from gateway.batches.batch import TRANSITIONS, Batch
from gateway.batches.batch_store import BatchStore
from gateway.batches.desk import cancel
from gateway.refusal import InvalidRequest
from operations.admin.answers import AdminError, Answer, body_as, number_in
from operations.audit import store as acts
from operations.audit.act import Act
from operations.store.database import Database


class CancelBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What cancelling one takes."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    actor: str = "admin"
    dry_run: bool = False


class BatchRoutes:
    def __init__(self, batches: BatchStore, database: Database, wall: Callable[[], float] = time.time) -> None:
        self._batches = batches
        self._database = database
        self._wall = wall

    def routes(self) -> list[Route]:
        base = "/admin/batches"
        return [Route(base, self.newest), Route(base + "/{id}", self.show),
                Route(base + "/{id}/cancel", self.cancel, methods=["POST"])]

    async def newest(self, request: Request) -> Answer:
        """The newest of all tenants, or of one."""
        limit, tenant = number_in(request, "limit", 20, 1000), request.query_params.get("tenant")
        found = await asyncio.to_thread(self._newest, tenant, limit)
        return Answer({"batches": [told(batch) for batch in found]})

    def _newest(self, tenant: str | None, limit: int) -> list[Batch]:
        if tenant is not None:
            return [*islice(self._batches.newest_first(tenant), limit)]
        return sorted(self._batches.of_all_tenants(), key=lambda batch: batch.id, reverse=True)[:limit]

    async def show(self, request: Request) -> Answer:
        return Answer(told(await asyncio.to_thread(self._the_one, request.path_params["id"])))

    def _the_one(self, wanted: str) -> Batch:
        for folder in self._batches.place.tenants("batches"):
            path: Path | None = folder / wanted if wanted.isidentifier() else None
            found = self._batches.read(path) if path is not None else None
            if found is not None:
                return found
        raise AdminError(404, "batch_not_found", f"There is no batch {wanted!r}.")

    async def cancel(self, request: Request) -> Answer:
        body = await body_as(request, CancelBody)
        batch = await asyncio.to_thread(self._the_one, request.path_params["id"])
        if (batch.state, "cancel") not in TRANSITIONS:
            raise AdminError(409, "batch_not_cancellable", f"Batch {batch.id} is {batch.state}.")
        if body.dry_run:
            return Answer({"dry_run": True, "would_cancel": told(batch)})
        await self._database.run(lambda c: acts.append(c, Act(
            at=self._wall(), kind="batch.cancel", actor=body.actor, reason=body.reason, about=batch.id,
            details={"tenant": batch.tenant, "state": batch.state})))
        try:
            batch = await asyncio.to_thread(lambda: cancel(self._batches, batch.tenant, batch.id, self._wall()))
        except InvalidRequest:  # it has ended since
            raise AdminError(409, "batch_not_cancellable", f"Batch {batch.id} has ended meanwhile.") from None
        return Answer({"dry_run": False, "cancelled": told(batch)})


def told(batch: Batch) -> dict[str, Any]:
    """What operators see of one: nothing of what is in it."""
    return {"id": batch.id, "tenant": batch.tenant, "key": batch.key, "state": batch.state,
            "endpoint": batch.endpoint, "created_at": batch.created_at, "expires_at": batch.expires_at,
            "at": batch.at, "total": batch.total, "completed": batch.completed, "failed": batch.failed,
            "prompt_tokens": batch.usage.prompt, "completion_tokens": batch.usage.completion,
            "errors": [{"line": error.line, "code": error.code} for error in batch.errors]}
