"""The gateway as operators run it: `gatewright serve --config FILE` in a process of its own, on ports of its own."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import httpx2 as httpx
import psycopg
import yaml

from gateway import journal
from gateway.record import ExchangeRecord

START_SECONDS = 120.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def routing_to(*endpoints: str, **model: Any) -> dict[str, Any]:
    """Routing with one model `m` and one version `v1` of the served model `m` on these endpoints."""
    version = {"served_model": "m", "endpoints": list(endpoints)}
    return {"versions": {"v1": version}, "models": {"m": {"split": {"v1": 1}, **model}}}


class GatewayProcess:
    """One gateway on a folder of its own. Use as a context manager; `start` waits until it is ready.

    `settings`: keys of gatewright.yaml beside those that every test needs.
    """

    def __init__(self, folder: Path, routing: Mapping[str, Any], **settings: Any) -> None:
        self.folder = folder
        self.port, self.admin_port = free_port(), free_port()
        self.state = folder / "state"
        self.log_path = folder / "gateway.log"
        self.routing_path = folder / "routing.yaml"
        self._config = folder / "gatewright.yaml"
        self.ledger_url: str = settings.get("database", "sqlite:")  # where a test looks, whatever way the gateway takes
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self.write_routing(routing)
        self._config.write_text(yaml.safe_dump(self._base() | settings, sort_keys=False))

    def _base(self) -> dict[str, Any]:
        return {
            "listen": f"127.0.0.1:{self.port}", "admin": f"127.0.0.1:{self.admin_port}", "workers": 1,
            "state": str(self.state), "database": f"sqlite:///{self.state / 'gatewright.db'}", "auth": "none",
            "routing": str(self.routing_path),
        }  # fmt: skip

    def write_routing(self, routing: Mapping[str, Any]) -> None:
        self.routing_path.write_text(yaml.safe_dump(dict(routing), sort_keys=False))

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()  # nobody else would: the supervisor goes on trying
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def admin_url(self) -> str:
        return f"http://127.0.0.1:{self.admin_port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    async def start(self, seconds: float = START_SECONDS) -> None:
        """Start, and wait until `/ready` says 200. Raises AssertionError, with the log, when that does not come."""
        command = [sys.executable, "-m", "operations.cli", "serve", "--config", str(self._config)]
        with self.log_path.open("ab") as log:
            self._process = await asyncio.to_thread(
                subprocess.Popen, command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True, cwd=_ROOT
            )
        await self.until(self._is_ready_or_failed, "the gateway to be ready", seconds)
        assert await self.is_ready(), self.log

    async def _is_ready_or_failed(self) -> bool:
        # The supervisor would try for ever; a child that dies as it starts has been broken.
        return '"event":"child_died"' in self.log or await self.is_ready()

    async def is_ready(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
                return (await client.get(self.base_url + "/ready")).status_code == 200
        return False

    async def until(self, condition: Callable[[], Any], what: str, seconds: float = 10.0) -> None:
        """Wait for a condition, plain or asynchronous, with a deadline; fails with the gateway's log."""
        deadline = time.monotonic() + seconds
        while not await _value(condition()):
            if self._process is None or self._process.poll() is not None:
                raise AssertionError(f"the gateway ended while waiting for {what}:\n{self.log}")
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {seconds} s for {what}:\n{self.log[-8000:]}")
            await asyncio.sleep(0.02)

    def terminate(self) -> None:
        """SIGTERM to the supervisor, as an orchestrator does."""
        os.kill(self.pid, signal.SIGTERM)

    async def wait(self, seconds: float = 40.0) -> int:
        """The exit code, once it has ended."""
        assert self._process is not None
        return await asyncio.to_thread(self._process.wait, seconds)

    async def stop(self) -> None:
        """End it, in order if it will, and whatever is left of its process group."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            await self.wait(15)
        # The session is the gateway's own: nothing else can be in this group.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self.wait(5)
        self._process = None

    async def kill(self) -> None:
        """kill -9 of the supervisor and of all that it has started. The next `start` logs to a file of its own."""
        assert self._process is not None
        os.killpg(self.pid, signal.SIGKILL)
        await self.wait(5)
        while self.processes():  # they hold the sockets until they are gone
            await asyncio.sleep(0.01)
        self._process = None
        self.log_path = self.folder / f"gateway-{time.monotonic_ns()}.log"

    def processes(self) -> dict[int, list[str]]:
        """Every process of the gateway: its id and command line."""
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and _session_of(int(entry.name)) == self.pid:
                with contextlib.suppress(OSError):
                    found[int(entry.name)] = (entry / "cmdline").read_text().split("\0")
        return found

    def journaled(self) -> Iterator[ExchangeRecord]:
        """The exchanges in journal files that have not been removed yet."""
        for segment in journal.segments(self.state / "journal"):
            for payload, _ in journal.read_frames(segment):
                yield journal.decode_record(payload)

    async def worker_pids(self) -> dict[str, int]:
        """The data workers by name."""
        found = {}
        for pid, command in self.processes().items():
            if "gateway.worker" in command:
                found[command[command.index("--name") + 1]] = pid
        return found

    async def apply(self, routing: Mapping[str, Any], reason: str = "a test", wait_seconds: float = 10) -> int:
        """Apply a revision through the admin API and wait until every worker serves it; returns its number."""
        body = {"routing": dict(routing), "reason": reason, "wait_seconds": wait_seconds}
        async with httpx.AsyncClient(trust_env=False, timeout=wait_seconds + 10) as client:
            reply = await client.post(self.admin_url + "/admin/revisions", json=body)
        assert reply.status_code in (200, 201), reply.text
        number: int = reply.json()["revision"]
        return number

    async def counted(self, name: str, by: str = "") -> dict[str, float]:
        """A metric's values on the admin port, summed by one of its labels; under "" where `by` is empty."""
        async with httpx.AsyncClient(trust_env=False) as client:
            text = (await client.get(self.admin_url + "/metrics")).text
        sums: dict[str, float] = {}
        for line in text.splitlines():
            if line.partition("{")[0].partition(" ")[0] == name:
                label = line.partition(f'{by}="')[2].partition('"')[0] if by else ""
                sums[label] = sums.get(label, 0.0) + float(line.rpartition(" ")[2])
        return sums

    def ledger(self, **wanted: Any) -> list[dict[str, Any]]:
        """The exchanges in the ledger whose columns have these values."""
        if self.ledger_url.startswith("postgresql"):
            return _rows_on_postgresql(self.ledger_url, wanted)
        where = " and ".join(f'"{name}" = ?' for name in wanted) or "1"
        with contextlib.closing(sqlite3.connect(f"file:{self.state / 'gatewright.db'}?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            rows = database.execute(f"select * from exchange where {where}", tuple(wanted.values()))
            return [dict(row) for row in rows]

    async def recorded(self, **wanted: Any) -> dict[str, Any]:
        """The one exchange with these values, waited for: the ledger is written behind the replies."""
        await self.until(lambda: self.ledger(**wanted), f"an exchange with {wanted}")
        (row,) = self.ledger(**wanted)
        return row


def _rows_on_postgresql(url: str, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    where = " and ".join(f'"{name}" = %s' for name in wanted) or "true"
    with psycopg.connect(url, row_factory=psycopg.rows.dict_row) as database:
        return database.execute(f"select * from exchange where {where}".encode(), tuple(wanted.values())).fetchall()


async def _value(given: Any) -> Any:
    return await given if inspect.isawaitable(given) else given


def _session_of(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1


_ROOT = Path(__file__).resolve().parent.parent
