"""Runs the demo: the model first, then the gateway over it; when the gateway ends, the model does."""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from math import inf
from pathlib import Path
from types import FrameType

from gateway.config.reading import read_settings
from gateway.telemetry.logs import Log
from operations.demo import files, model
from operations.serve.running import run as serve
from operations.serve.sockets import CannotStart
from operations.serve.supervisor import Programs

_MODEL_PORTS = (9101, 9102)
_LOOK_SECONDS = 0.05
_SLOW_SECONDS = 20.0
_HOST = "127.0.0.1"


def free_port(wanted: int, taken: Sequence[int] = ()) -> int:
    """``wanted`` where nothing listens there, else one that the system has free."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((_HOST, port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            if found not in taken:
                return found
    return free_port(0, taken)


def places(port: int, admin_port: int) -> files.Places:
    """Where the demo listens: the gateway as told (CannotStart where that is taken), the rest where there is room."""
    if free_port(port) != port:
        raise CannotStart(f"Another program listens on {_HOST}:{port}. Choose another: gatewright demo --port 8010")
    first = free_port(_MODEL_PORTS[0], [port])
    second = free_port(_MODEL_PORTS[1], [port, first])
    admin = free_port(admin_port, [port, first, second])
    return files.Places(listen=f"{_HOST}:{port}", admin=f"{_HOST}:{admin}",
                        models=(f"{_HOST}:{first}", f"{_HOST}:{second}"))


def run(
    folder: Path, where: files.Places, say_ready: Callable[[files.Places], None],
    model_command: Callable[[Sequence[int]], list[str]] = model.command, programs: Programs | None = None,
) -> int:
    """Runs until a signal ends it; returns the exit status. Raises CannotStart and ModelEnded."""
    ports = [int(address.rpartition(":")[2]) for address in where.models]
    with ExitStack() as stack:
        for number in (signal.SIGTERM, signal.SIGINT):
            stack.callback(signal.signal, number, signal.signal(number, _leave))
        server = model.ModelServer(model_command(ports))
        stack.callback(server.end)
        server.wait_until_ready(ports)
        settings = read_settings(files.write(folder, where))
        log_file = stack.enter_context((folder / "gatewright.log").open("w", buffering=1))
        threading.Thread(target=_announce, args=(where, say_ready, log_file.name), daemon=True).start()
        log = Log(log_file, settings.log_level, process="supervisor", pid=os.getpid())
        return serve(settings, log, programs, log_file.fileno())


def _leave(number: int, _frame: FrameType | None) -> None:
    # Until the supervisor takes the signals over: everything that was started is ended on the way out.
    raise SystemExit(0)


def _announce(where: files.Places, say_ready: Callable[[files.Places], None], log: str) -> None:
    slow_at = time.monotonic() + _SLOW_SECONDS
    while not model.answers(f"http://{where.listen}/ready"):
        time.sleep(_LOOK_SECONDS)
        if time.monotonic() > slow_at:
            sys.stderr.write(f"The gateway is not ready yet; its log may say why: {log}\n")
            slow_at = inf
    say_ready(where)
