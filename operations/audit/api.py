"""The admin API's route for acts."""

from starlette.requests import Request
from starlette.routing import Route

from operations.admin.answers import AdminError, Answer, number_in
from operations.audit import store
from operations.store.database import Database


class ActRoutes:
    def __init__(self, database: Database) -> None:
        self._database = database

    def routes(self) -> list[Route]:
        return [Route("/admin/acts", self.acts), Route("/admin/acts/{number:int}", self.show)]

    async def acts(self, request: Request) -> Answer:
        limit = number_in(request, "limit", 50, 1000)
        return Answer({"acts": await self._database.read(lambda c: store.newest(c, limit))})

    async def show(self, request: Request) -> Answer:
        number: int = request.path_params["number"]
        found = await self._database.read(lambda c: store.numbered(c, number)) if number < 1 << 31 else None
        if found is None:
            raise AdminError(404, "act_not_found", f"There is no act {number}.")
        return Answer(found)
