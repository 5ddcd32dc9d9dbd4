"""``/v1/files``, as OpenAI has it."""

from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from gateway.api.asking import Asking, answer, limit_of, page
from gateway.batches.desk import Desk
from gateway.batches.sealing import SealedReader
from gateway.batches.upload import Upload
from gateway.refusal import InvalidRequest

MOST_LISTED = 10_000


class FileRoutes:
    def __init__(self, desk: Desk, asking: Asking) -> None:
        self._desk = desk
        self._asking = asking

    def routes(self) -> list[Route]:
        return [Route("/v1/files", self.list, methods=["GET"]), Route("/v1/files", self.upload, methods=["POST"]),
                Route("/v1/files/{file_id}", self.show, methods=["GET"]),
                Route("/v1/files/{file_id}", self.delete, methods=["DELETE"]),
                Route("/v1/files/{file_id}/content", self.content, methods=["GET"])]

    async def upload(self, request: Request) -> Response:
        """The door has asked for the key, and has put the body where it is read from here."""
        upload: Upload = request.scope["state"]["upload"]
        try:
            stored = await self._asking.aside(lambda: self._desk.keep(upload))
        finally:
            upload.close()
        return answer(stored.document())

    async def list(self, request: Request) -> Response:
        tenant, _ = self._asking.whose(request)
        asked = request.query_params
        most, order = limit_of(request, MOST_LISTED, MOST_LISTED), asked.get("order", "desc")
        if order not in ("asc", "desc"):
            raise InvalidRequest("order must be asc or desc.", code="invalid_value", param="order")
        found = await self._asking.aside(lambda: self._desk.files(
            tenant, asked.get("purpose", ""), asked.get("after", ""), most + 1, ascending=order == "asc"))
        return page([one.document() for one in found], most)

    async def show(self, request: Request) -> Response:
        tenant, _ = self._asking.whose(request)
        stored = await self._asking.aside(lambda: self._desk.file(tenant, request.path_params["file_id"]))
        return answer(stored.document())

    async def delete(self, request: Request) -> Response:
        tenant, _ = self._asking.whose(request)
        file_id = request.path_params["file_id"]
        await self._asking.aside(lambda: self._desk.delete(tenant, file_id))
        return answer({"id": file_id, "object": "file", "deleted": True})

    async def content(self, request: Request) -> Response:
        tenant, _ = self._asking.whose(request)
        reader = await self._asking.aside(lambda: self._desk.content(tenant, request.path_params["file_id"]))
        return StreamingResponse(self._chunks(reader), media_type="application/octet-stream",
                                 headers={"content-length": str(reader.size)})

    async def _chunks(self, reader: SealedReader) -> AsyncIterator[bytes]:
        try:
            chunks = reader.chunks()
            while chunk := await self._asking.aside(lambda: next(chunks, b"")):
                yield chunk
        finally:
            reader.close()
