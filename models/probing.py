"""Active health: asks every endpoint's ``/health`` over the same client that carries the traffic."""

import asyncio
from collections.abc import Iterable

from models.endpoint import Endpoint
from models.upstream import Headers, Patience, UpstreamFailure


class Probe:
    """One question to one endpoint. Any answer below 500 is a sign of life: not every server has a ``/health``."""

    def __init__(self, endpoint: Endpoint, done: asyncio.Future[bool]) -> None:
        self._endpoint = endpoint
        self._done = done
        self._alive = False

    def began(self, status: int, headers: Headers) -> None:
        self._alive = status < 500

    def received(self, data: bytes) -> None:
        pass

    def ended(self) -> None:
        self._conclude(self._alive)

    def failed(self, failure: UpstreamFailure) -> None:
        self._conclude(False)

    def _conclude(self, alive: bool) -> None:
        self._endpoint.healthy = alive
        if not self._done.done():
            self._done.set_result(alive)


async def probe(endpoint: Endpoint, seconds: float) -> bool:
    """Returns whether the endpoint answered within ``seconds``, and marks it so."""
    done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    request = b"GET /health HTTP/1.1\r\nhost: %b\r\naccept: */*\r\n\r\n" % endpoint.authority.encode()
    call = endpoint.call(request, Probe(endpoint, done), Patience(seconds), background=True)
    try:
        async with asyncio.timeout(seconds):
            return await done
    except TimeoutError:
        endpoint.healthy = False
        return False
    finally:
        call.cancel()  # whatever ended the waiting; after its end a call is cancelled in vain


async def probe_all(endpoints: Iterable[Endpoint], seconds: float) -> None:
    await asyncio.gather(*(probe(endpoint, seconds) for endpoint in endpoints))
