"""The demo's model server, as a child of the demo: it ends with it, however the demo ends."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

SERVED_MODEL = "smollm2-135m"
_LEAVES_SECONDS = 10.0


class ModelEnded(Exception):
    """The model server ended before it was ready; what it said stands above."""


def command(ports: Sequence[int]) -> list[str]:
    """The command of a model server that listens on every one of ``ports``."""
    given = [argument for port in ports for argument in ("--port", str(port))]
    return [sys.executable, "-m", "operations.demo.model", "--served-model", SERVED_MODEL, *given]


class ModelServer:
    """The running server. Its progress goes straight to the terminal; its input is its lifeline."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(list(command), stdin=subprocess.PIPE, stdout=sys.stderr, process_group=0)

    def wait_until_ready(self, ports: Sequence[int], pause: Callable[[float], None] = time.sleep) -> None:
        """Returns once every port answers; raises ModelEnded. Downloading may take minutes: there is no limit."""
        waiting = list(ports)
        while waiting:
            if self._process.poll() is not None:
                raise ModelEnded(f"The model server ended with status {self._process.returncode}.")
            waiting = [port for port in waiting if not answers(f"http://127.0.0.1:{port}/health")]
            if waiting:
                pause(0.1)

    def end(self) -> None:
        """Ends the process and waits for its end."""
        self._process.terminate()
        try:
            self._process.wait(_LEAVES_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()


def answers(url: str) -> bool:
    """True where a GET of ``url`` is answered with 200 within a second. Proxy variables are not heeded."""
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=1) as response:
            return bool(response.status == 200)
    except (URLError, OSError):
        return False


def _end_with_parent() -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Runs models.demo with the arguments given, and ends it when standard input ends."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from models.demo.__main__ import main as serve_model

    serve_model(prog_name="gatewright demo")


if __name__ == "__main__":
    main()
