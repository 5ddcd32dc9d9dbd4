"""The scripted upstream, built once and run for each test."""

import http.client
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.compiled import program


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Gives the built program of a name."""
    folder = tmp_path_factory.mktemp("built")
    return lambda name: program(name, into=folder)


@pytest.fixture
def upstream(built: Callable[[str], Path]) -> Iterator[tuple[int, int]]:
    """The port and pid of an upstream that streams four tokens, a millisecond apart."""
    options = ["--model", "smollm2-135m", "--frames", "4", "--gap-us", "1000", "--first-us", "1000"]
    with subprocess.Popen([built("upstream"), *options], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        port = int(server.stdout.readline().split()[1])
        yield port, server.pid
        server.terminate()


def ask(port: int, method: str, path: str, body: bytes = b"") -> tuple[http.client.HTTPResponse, bytes]:
    """One exchange: the reply's head and the whole of its body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body, {"Content-Type": "application/json"})
    reply = connection.getresponse()
    received = reply.read()
    connection.close()
    return reply, received
