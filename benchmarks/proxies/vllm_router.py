"""vllm-router: one worker URL, round robin. It does more than a plain proxy: it parses, retries, counts."""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.proxies.proxy import find
from benchmarks.servers import Launch, free_port


class VllmRouter:
    """The Rust router of the vLLM project, from PyPI."""

    name = "vllm-router"

    def __init__(self) -> None:
        self._program = find(("vllm-router",), how="pip install vllm-router==0.1.17")

    def version(self) -> str:
        """That of the distribution in this environment: the program itself does not tell."""
        try:
            return version("vllm-router")
        except PackageNotFoundError:
            return f"unknown ({self._program})"

    def prepare(self, directory: Path, *, upstream_port: int) -> Launch:
        """Its threads follow the number of cores that it may use: one."""
        port = free_port()
        listening = ("--host", "127.0.0.1", "--port", str(port), "--prometheus-port", str(free_port()))
        routing = ("--worker-urls", f"http://127.0.0.1:{upstream_port}", "--policy", "round_robin")
        return Launch((self._program, *listening, *routing, "--log-level", "warning"), port=port, directory=directory)

    def roles(self, pids: Sequence[int]) -> dict[str, list[int]]:
        """One process: Python that started it and the threads of Rust inside."""
        return {"proxy": list(pids)}
