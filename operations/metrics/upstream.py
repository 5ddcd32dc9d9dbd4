"""Asks every model server for its metrics, so that one page tells of the gateway and of what is behind it."""

import asyncio
import ssl
import time
from collections.abc import Callable, Iterator, Mapping

import httpx2
import msgspec
from prometheus_client.core import GaugeMetricFamily, Metric

from operations.metrics.upstream_text import Family, families_in, merged

PERIOD_SECONDS = 10.0
STALE_SECONDS = 30.0
_TIMEOUT_SECONDS = 5.0
_AT_ONCE = 8
_MAX_BYTES = 4 << 20

Targets = Callable[[], Mapping[str, list[str]]]


class Page(msgspec.Struct, frozen=True):
    """What an endpoint answered, and when (monotonic seconds)."""

    at: float
    families: Mapping[str, Family]


class UpstreamMetrics:
    """The newest page of each endpoint in ``targets`` (endpoint to versions); older than 30 seconds counts as none."""

    def __init__(
        self, targets: Targets, client: httpx2.AsyncClient, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._targets = targets
        self._client = client
        self._clock = clock
        self._pages: dict[str, Page] = {}
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def run(self) -> None:
        """Asks every ten seconds until it is cancelled."""
        while True:
            await self.scrape()
            await asyncio.sleep(PERIOD_SECONDS)

    async def scrape(self) -> None:
        """Asks every endpoint once; one that does not answer in time, or with something else, keeps its old page."""
        endpoints = list(self._targets())
        self._pages = {endpoint: page for endpoint, page in self._pages.items() if endpoint in endpoints}
        await asyncio.gather(*(self._scrape_one(endpoint) for endpoint in endpoints))

    async def _scrape_one(self, endpoint: str) -> None:
        async with self._places:
            try:
                async with asyncio.timeout(_TIMEOUT_SECONDS):
                    text = await self._text_of(endpoint)
            except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, _NotMetrics):
                return
        families = await asyncio.to_thread(families_in, text)
        self._pages[endpoint] = Page(self._clock(), families)

    async def _text_of(self, endpoint: str) -> str:
        async with self._client.stream("GET", f"{endpoint}/metrics") as response:
            if response.status_code != 200:
                raise _NotMetrics
            body = b""
            async for part in response.aiter_bytes():
                body += part
                if len(body) > _MAX_BYTES:
                    raise _NotMetrics
        return body.decode(errors="replace")

    def _fresh(self) -> Iterator[tuple[str, str, Mapping[str, Family] | None]]:
        oldest = self._clock() - STALE_SECONDS
        for endpoint, versions in self._targets().items():
            page = self._pages.get(endpoint)
            for version in versions:
                yield version, endpoint, page.families if page and page.at >= oldest else None

    def text(self) -> str:
        """Every fresh page in the text format."""
        return merged((version, endpoint, families) for version, endpoint, families in self._fresh() if families)

    def families(self) -> Iterator[Metric]:
        """Whether each endpoint's metrics could be read."""
        up = GaugeMetricFamily("gatewright_upstream_metrics_up", "1 while an endpoint's own metrics can be read",
                               labels=["version", "endpoint"])
        for version, endpoint, families in self._fresh():
            up.add_metric([version, endpoint], families is not None)
        yield up


class _NotMetrics(Exception):
    """An answer that is no page of metrics."""


def upstream_client(ca_file: str | None) -> httpx2.AsyncClient:
    """A client that follows no redirect and heeds no proxy variable: it goes where the routing says, nowhere else."""
    verify = ssl.create_default_context(cafile=ca_file)
    return httpx2.AsyncClient(verify=verify, follow_redirects=False, trust_env=False, timeout=_TIMEOUT_SECONDS)
