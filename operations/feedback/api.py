"""The admin API's routes for feedback."""

import math

from starlette.requests import Request
from starlette.routing import Route

from operations.admin.answers import AdminError, Answer, number_in
from operations.feedback import store
from operations.feedback.store import Wanted
from operations.store.database import Database


class FeedbackRoutes:
    def __init__(self, database: Database) -> None:
        self._database = database

    def routes(self) -> list[Route]:
        return [Route("/admin/feedback", self.newest), Route("/admin/feedback/summary", self.summary),
                Route("/admin/feedback/{id}", self.show)]

    async def newest(self, request: Request) -> Answer:
        limit, wanted = number_in(request, "limit", 50, store.MAX_LISTED), _wanted(request)
        return Answer({"feedback": await self._database.read(lambda c: store.newest(c, limit, wanted))})

    async def summary(self, request: Request) -> Answer:
        wanted = _wanted(request)
        return Answer({"summary": await self._database.read(lambda c: store.summary(c, wanted))})

    async def show(self, request: Request) -> Answer:
        wanted: str = request.path_params["id"]
        found = await self._database.read(lambda c: store.known(c, wanted))
        if found is None:
            raise AdminError(404, "feedback_not_found", f"There is no feedback {wanted!r} in the ledger.")
        return Answer(found)


def _wanted(request: Request) -> Wanted:
    query = request.query_params
    return Wanted(query.get("exchange", ""), query.get("metric", ""), query.get("tenant", ""), _since(request),
                  query.get("history") == "true")


def _since(request: Request) -> float:
    try:
        since = float(request.query_params.get("since", "0"))
    except ValueError:
        since = math.nan
    if not (math.isfinite(since) and since >= 0):
        raise AdminError(400, "invalid_parameter", "since has to be Unix seconds.")
    return since
