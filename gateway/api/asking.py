"""What the routes of files and batches have in common: whose key it is, and work that waits for a disk."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from gateway.batches.sealing import Damaged
from gateway.config.settings import Key
from gateway.refusal import FilesUnavailable, InvalidRequest
from gateway.stages.identify import key_of
from gateway.telemetry.faults import FaultLog
from models.protocol.document import encode_document

T = TypeVar("T")


class Asking:
    """``keys`` None: everybody may, as the tenant ``default``."""

    def __init__(self, keys: Mapping[str, Key] | None, threads: Executor, faults: FaultLog) -> None:
        self._keys = keys
        self._threads = threads
        self._faults = faults

    def whose(self, request: Request) -> tuple[str, str]:
        """Tenant and key's id; raises NotAuthenticated."""
        key = key_of(request.headers.raw, self._keys)
        return (key.tenant, key.id) if key is not None else ("default", "")

    async def aside(self, work: Callable[[], T]) -> T:
        """Runs ``work`` in a thread; raises FilesUnavailable for what the disk does not do."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except (OSError, Damaged) as error:
            self._faults.fault("files_failed", error, request_id="")
            raise FilesUnavailable("Files cannot be read or written now.") from None


def answer(document: Mapping[str, object]) -> Response:
    return Response(encode_document(document), media_type="application/json")


def limit_of(request: Request, default: int, most: int) -> int:
    """How many are asked for; raises InvalidRequest."""
    written = request.query_params.get("limit", str(default))
    if not (written.isascii() and written.isdigit() and len(written) < 9 and 1 <= int(written) <= most):
        raise InvalidRequest(f"limit must be a whole number from 1 to {most}.", code="invalid_value", param="limit")
    return int(written)


def page(found: list[dict[str, object]], most: int) -> Response:
    """The first ``most`` of what was found, as OpenAI's list."""
    told = found[:most]
    return answer({"object": "list", "data": told, "has_more": len(found) > most,
                   "first_id": told[0]["id"] if told else None, "last_id": told[-1]["id"] if told else None})
