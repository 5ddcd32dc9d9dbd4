"""What is measured: each proxy as a user would run it, with one core, logs off, connections kept alive."""

from benchmarks.proxies import direct, envoy, nginx, vllm_router
from benchmarks.proxies.proxy import Missing, Proxy

PEERS: dict[str, type[Proxy]] = {"nginx": nginx.Nginx, "envoy": envoy.Envoy, "vllm-router": vllm_router.VllmRouter}

__all__ = ["PEERS", "Missing", "Proxy", "direct"]
