"""The route that Prometheus reads."""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Families = Callable[[], Iterable[Metric]]


class _Everything(Collector):
    def __init__(self, sources: Iterable[Families]) -> None:
        self._sources = tuple(sources)

    def collect(self) -> Iterator[Metric]:
        for source in self._sources:
            yield from source()


class MetricsRoute:
    """The families of every source, made when they are asked for, and ``more``: text in the format already."""

    def __init__(self, sources: Iterable[Families], more: Callable[[], str]) -> None:
        # Registered without a first collection: nothing is known yet, and names are held apart by a test.
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Everything(sources))
        self._more = more

    def routes(self) -> list[Route]:
        return [Route("/metrics", self.metrics)]

    async def metrics(self, _request: Request) -> Response:
        text = generate_latest(self._registry) + self._more().encode()
        return Response(text, headers={"content-type": CONTENT_TYPE_LATEST})
