"""A whole service with scripted workers, in processes of its own, watched through its log and its ports."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

import msgspec

from tests.operations.routings import TEXT

DEADLINE_SECONDS = 20.0
ROOT = Path(__file__).parent.parent.parent


def until(condition: Callable[[], Any], what: str) -> Any:
    """The first true value of ``condition``; fails after twenty seconds."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited in vain for {what}")


class Running:
    """One service in ``folder``, started and, by ``stop``, ended again."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.log = folder / "log"
        self.state = folder / "state"
        self.routing = folder / "routing.yaml"
        if not self.routing.exists():
            self.routing.write_text(TEXT)
        written = {"listen": "127.0.0.1:0", "admin": "127.0.0.1:0", "workers": 2, "routing": "routing.yaml",
                   "state": "state", "database": "sqlite:///gatewright.db", "auth": "none", **settings}
        self.workers = written["workers"]
        (folder / "gatewright.yaml").write_bytes(msgspec.json.encode(written))  # JSON is YAML
        self.environment: dict[str, str] = {}

    def start(self) -> "Running":
        with self.log.open("ab") as log:
            self.began = log.tell()
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.operations.scripted_gateway", str(self.folder / "gatewright.yaml")],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=ROOT, env={**os.environ, **self.environment})
        return self

    def ready(self) -> "Running":
        self.addresses = until(lambda: self.events("listening"), "the addresses")[0]
        until(lambda: self.admin("/ready").get("ready"), "a ready service")
        until(lambda: self.ready_workers() == self.workers, "every worker")
        return self

    def ready_workers(self) -> int:
        return sum(row["state"] == "ready" for row in self.admin("/admin/workers").get("workers", []))

    def lines(self) -> list[dict[str, Any]]:
        """What this life has logged."""
        with self.log.open("rb") as log:
            log.seek(self.began)
            found = [line for line in log.read().split(b"\n") if line.startswith(b"{")]
        return [msgspec.json.decode(line) for line in found if line.endswith(b"}")]

    def events(self, event: str, **fields: Any) -> list[dict[str, Any]]:
        wanted = {"event": event, **fields}
        return [line for line in self.lines() if wanted.items() <= line.items()]

    def pid(self, child: str) -> int:
        """The process of a child that was started last."""
        pid: int = self.events("child_started", child=child)[-1]["pid"]
        return pid

    def admin(self, path: str) -> Any:
        """What the admin port answers, or an empty mapping where it does not."""
        return self._ask(self.addresses["admin"], path, msgspec.json.decode) or {}

    def ask(self, path: str = "/") -> str:
        """What a worker answers: its name, process and count; empty where the connection broke."""
        return self._ask(self.addresses["listen"], path, bytes.decode) or ""

    def _ask(self, address: str, path: str, decode: Callable[[bytes], Any]) -> Any:
        try:
            with build_opener(ProxyHandler({})).open(f"http://{address}{path}", timeout=5) as response:
                return decode(response.read())
        except OSError as error:
            body = getattr(error, "read", bytes)()
            return decode(body) if body.startswith(b"{") else None

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        return self.process.wait(DEADLINE_SECONDS)

    def descendants_are_gone(self) -> bool:
        pids = [line["pid"] for line in self.lines() if line["event"] == "child_started"]
        return not any(is_running(pid) for pid in pids)


def is_running(pid: int) -> bool:
    """True while a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@contextlib.contextmanager
def running(folder: Path, **settings: Any) -> Iterator[Running]:
    """A service that is ready, and gone at the end."""
    service = Running(folder, **settings).start()
    try:
        yield service.ready()
    finally:
        if service.process.poll() is None:
            service.signal(signal.SIGKILL)
            service.wait()
        until(service.descendants_are_gone, "the end of all children")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
