"""Starts a server on a core, waits until it answers a real request, and ends it with all that it started."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.payloads import chat


class DidNotStart(Exception):
    """The server ended, or gave no good answer in time; the message has the end of its output."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start a server: the command, where it runs, which port it will answer on."""

    command: Sequence[str]
    port: int
    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def output(self) -> Path:
        """Where what it prints goes."""
        return self.directory / "output.log"

    def said(self) -> str:
        """The end of what it printed."""
        return self.output.read_text(errors="replace")[-2000:]


def free_port() -> int:
    """A port of 127.0.0.1 that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextlib.contextmanager
def pinned(core: int) -> Iterator[None]:
    """What is started inside runs on this core alone, with all its threads and children."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def running(launch: Launch, *, core: int, patience_seconds: float = 60) -> Iterator[int]:
    """Runs the server on `core` and gives its pid as soon as a chat through it is answered with 200."""
    with launch.output.open("wb") as log, pinned(core):
        server = subprocess.Popen(
            launch.command,
            cwd=launch.directory,
            env={**os.environ, **launch.environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait(server, launch, deadline=time.monotonic() + patience_seconds)
        yield server.pid
    finally:
        end(server)


def end(server: "subprocess.Popen[bytes]", *, grace_seconds: float = 10) -> None:
    """Asks the server to end, and after the grace ends all of its session."""
    server.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.wait(grace_seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.wait()


def _wait(server: "subprocess.Popen[bytes]", launch: Launch, *, deadline: float) -> None:
    seen = "nothing listens"
    while time.monotonic() < deadline and server.poll() is None:
        if (seen := _answer(launch.port)) == "200":
            return
        time.sleep(0.05)
    raise DidNotStart(f"exit status {server.poll()}, last answer: {seen}\n{launch.said()}")


def _answer(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("POST", "/v1/chat/completions", chat(stream=False), {"Content-Type": "application/json"})
        return str(connection.getresponse().status)
    except (OSError, http.client.HTTPException) as error:
        return str(error)
    finally:
        connection.close()
