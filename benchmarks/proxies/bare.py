"""No proxy, on the proxy's core: what a request costs at the least, where a program in C answers it at once."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.compiled import program
from benchmarks.payloads import MODEL, REPLY_BYTES
from benchmarks.servers import Launch, free_port


class Bare:
    """The scripted upstream once more, where the proxies run."""

    name = "bare"

    def version(self) -> str:
        """It is ours."""
        return "benchmarks/upstream.c"

    def prepare(self, directory: Path, *, upstream_port: int) -> Launch:
        """Answers by itself: nothing is asked of the upstream."""
        port = free_port()
        command = (str(program("upstream")), "--port", str(port), "--model", MODEL, "--reply-bytes", str(REPLY_BYTES))
        return Launch(command, port=port, directory=directory)

    def roles(self, pids: Sequence[int]) -> dict[str, list[int]]:
        """One process does all of it."""
        return {"proxy": list(pids)}
