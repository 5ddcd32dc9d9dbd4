"""The admin API's route for workers."""

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from operations.admin.answers import Answer
from operations.workers.board import Workers


class WorkerRoutes:
    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    def routes(self) -> list[Route]:
        return [Route("/admin/workers", self.workers)]

    async def workers(self, _request: Request) -> Answer:
        told = [{**msgspec.structs.asdict(status), "live": self._workers.is_live(status)}
                for status in self._workers.all()]
        return Answer({"workers": told, "endpoints": self._workers.endpoints()})
