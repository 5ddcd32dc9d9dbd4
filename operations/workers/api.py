"""The admin API's route for workers."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from gateway.worker_status import WorkerStatus
from operations.admin.answers import AdminError, Answer
from operations.workers.board import Workers


class WorkerRoutes:
    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    def routes(self) -> list[Route]:
        return [Route("/admin/workers", self.workers), Route("/admin/workers/{name}", self.show)]

    async def workers(self, _request: Request) -> Answer:
        told = [self._told(status) for status in self._workers.all()]
        return Answer({"workers": told, "endpoints": self._workers.endpoints()})

    async def show(self, request: Request) -> Answer:
        wanted = request.path_params["name"]
        for status in self._workers.all():
            if status.worker == wanted:
                return Answer(self._told(status))
        raise AdminError(404, "worker_not_found", f"No worker {wanted!r} has been heard of.")

    def _told(self, status: WorkerStatus) -> dict[str, Any]:
        return {**msgspec.structs.asdict(status), "state": self._workers.state(status)}
