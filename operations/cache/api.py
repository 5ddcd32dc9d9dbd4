"""The admin API's routes for the cache."""

from collections import Counter
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from gateway.cache.purges import Purge
from operations.admin.answers import AdminError, Answer, body_as
from operations.audit import store as acts
from operations.audit.act import Act
from operations.cache.purging import Purging
from operations.metrics.fold import Fold
from operations.store.database import Database
from operations.workers.board import Workers

Name = Annotated[str, msgspec.Meta(max_length=255)]


class PurgeBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a purge takes: what is named has to match; nothing named is everything, and has to be said so."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    actor: str = "admin"
    tenant: Name = ""
    model: Name = ""
    version: Name = ""
    all: bool = False
    dry_run: bool = False


class CacheRoutes:
    def __init__(self, workers: Workers, fold: Fold, purging: Purging, database: Database,
                 wall: Any) -> None:
        self._workers = workers
        self._fold = fold
        self._purging = purging
        self._database = database
        self._wall = wall

    def routes(self) -> list[Route]:
        return [Route("/admin/cache", self.stats), Route("/admin/cache/purge", self.purge, methods=["POST"])]

    async def stats(self, _request: Request) -> Answer:
        """What each worker remembers, and what came of requests by model since this process started."""
        results: dict[str, Counter[str]] = {}
        for (model, result), count in self._fold.cache.items():
            results.setdefault(model, Counter())[result] += count
        return Answer({
            "workers": {status.worker: msgspec.structs.asdict(status.cache) for status in self._workers.live()},
            "models": {model: {"requests": dict(counts), "saved_micros": self._fold.saved_micros[model],
                               "saved_tokens": self._fold.saved_tokens[model]}
                       for model, counts in results.items()}})

    async def purge(self, request: Request) -> Answer:
        body = await body_as(request, PurgeBody)
        wanted = {name: value for name in ("tenant", "model", "version") if (value := getattr(body, name))}
        if bool(wanted) == body.all:
            raise AdminError(400, "invalid_purge", "Name a tenant, a model or a version, or say all: true, not both.")
        if body.dry_run:
            return Answer({"dry_run": True, "would_purge": wanted or "everything"})
        await self._database.run(lambda c: acts.append(c, Act(
            at=self._wall(), kind="cache.purge", actor=body.actor, reason=body.reason, details=wanted)))
        removed = await self._purging.purge(Purge(**wanted))
        return Answer({"purged": wanted or "everything", "removed_from_server": removed})
