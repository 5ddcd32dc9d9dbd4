"""``/v1/batches``, as OpenAI has it."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.api.asking import Asking, answer, limit_of, page
from gateway.batches.desk import Desk
from gateway.refusal import InvalidRequest
from models.protocol.document import InvalidDocument, read_document

MOST_LISTED, LISTED = 100, 20
_DEPTH = 8


class BatchRoutes:
    def __init__(self, desk: Desk, asking: Asking, wake: Callable[[], None]) -> None:
        """``wake`` tells the lane that there is something to do."""
        self._desk = desk
        self._asking = asking
        self._wake = wake

    def routes(self) -> list[Route]:
        return [Route("/v1/batches", self.list, methods=["GET"]), Route("/v1/batches", self.make, methods=["POST"]),
                Route("/v1/batches/{batch_id}", self.show, methods=["GET"]),
                Route("/v1/batches/{batch_id}/cancel", self.cancel, methods=["POST"])]

    async def make(self, request: Request) -> Response:
        tenant, key = self._asking.whose(request)
        try:
            asked = read_document(await request.body(), _DEPTH)
        except InvalidDocument as error:
            raise InvalidRequest(str(error), code=error.code) from None
        batch = await self._asking.aside(lambda: self._desk.make(tenant, key, asked))
        self._wake()
        return answer(batch.document())

    async def list(self, request: Request) -> Response:
        tenant, _ = self._asking.whose(request)
        most = limit_of(request, LISTED, MOST_LISTED)
        after = request.query_params.get("after", "")
        found = await self._asking.aside(lambda: self._desk.batches(tenant, after, most + 1))
        return page([one.document() for one in found], most)

    async def show(self, request: Request) -> Response:
        tenant, _ = self._asking.whose(request)
        batch = await self._asking.aside(lambda: self._desk.batch(tenant, request.path_params["batch_id"]))
        return answer(batch.document())

    async def cancel(self, request: Request) -> Response:
        tenant, _ = self._asking.whose(request)
        batch = await self._asking.aside(lambda: self._desk.cancel(tenant, request.path_params["batch_id"]))
        self._wake()
        return answer(batch.document())
