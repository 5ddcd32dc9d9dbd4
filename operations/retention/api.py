"""The admin API's routes for retention."""

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from operations.admin.answers import Answer, body_as
from operations.retention.keeping import RetentionKeeper
from operations.retention.periods import warnings_of

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]


class RunBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a run takes."""

    reason: Reason
    actor: str = "admin"
    dry_run: bool = False


class RetentionRoutes:
    def __init__(self, keeper: RetentionKeeper) -> None:
        self._keeper = keeper

    def routes(self) -> list[Route]:
        return [Route("/admin/retention", self.show), Route("/admin/retention/run", self.run, methods=["POST"])]

    async def show(self, _request: Request) -> Answer:
        """The periods in seconds, what is due now, and when the oldest of each kind began."""
        return Answer({"periods": msgspec.to_builtins(self._keeper.retention, enc_hook=float),
                       "due": await self._keeper.due(), "oldest": self._keeper.oldest,
                       "warnings": list(warnings_of(self._keeper.retention))})

    async def run(self, request: Request) -> Answer:
        body = await body_as(request, RunBody)
        if body.dry_run:
            return Answer({"dry_run": True, "due": await self._keeper.due()})
        return Answer({"dry_run": False, "deleted": await self._keeper.delete_due(body.reason, body.actor)})
