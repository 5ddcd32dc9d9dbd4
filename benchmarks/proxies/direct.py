"""No proxy: the load generator talks to the upstream. What a proxy adds is measured against this."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.servers import Launch


class Direct:
    """The upstream itself."""

    name = "direct"

    def version(self) -> str:
        """Nothing stands between."""
        return "no proxy"

    def prepare(self, directory: Path, *, upstream_port: int) -> Launch:
        """Nothing is started: only the port matters."""
        return Launch(command=(), port=upstream_port, directory=directory)

    def roles(self, pids: Sequence[int]) -> dict[str, list[int]]:
        """It has no processes."""
        return {}
