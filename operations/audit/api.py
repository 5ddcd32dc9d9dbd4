"""The admin API's route for acts."""

from starlette.requests import Request
from starlette.routing import Route

from operations.admin.answers import Answer, number_in
from operations.audit import store
from operations.store.database import Database


class ActRoutes:
    def __init__(self, database: Database) -> None:
        self._database = database

    def routes(self) -> list[Route]:
        return [Route("/admin/acts", self.acts)]

    async def acts(self, request: Request) -> Answer:
        limit = number_in(request, "limit", 50, 1000)
        return Answer({"acts": await self._database.run(lambda c: store.newest(c, limit))})
