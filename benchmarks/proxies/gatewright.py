"""The gateway as a user starts it: `gatewright serve`, one worker, journal and metrics on as they are by default."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.payloads import MODEL
from benchmarks.processes import command_line
from benchmarks.proxies.proxy import find, told_version
from benchmarks.servers import Launch, free_port

WORKER = "gateway.worker"


class Gatewright:
    """One data worker on the core that every proxy has to itself; supervisor and control beside the generator."""

    def __init__(self, program: str = "", name: str = "gatewright", model: Mapping[str, object] | None = None) -> None:
        """`model` are further settings of the only model, under which it then goes by a `name` of its own."""
        self.name = name
        self._model = model or {}
        names = (program,) if program else ("gatewright",)
        self._program = find(names, how="pip install -e . (or --gateway PATH-OF-THE-COMMAND, or --gateway none)")

    def version(self) -> str:
        """Its number."""
        return told_version([self._program, "--version"], r"(\d+\.\d+\S*)")

    def prepare(self, directory: Path, *, upstream_port: int) -> Launch:
        """One version of one model, nothing asked for beside `model`: no policy, no cache, no keys."""
        port = free_port()
        (directory / "gatewright.yaml").write_text(json.dumps(settings(directory, port)))
        (directory / "routing.yaml").write_text(json.dumps(routing(upstream_port, self._model)))
        command = (self._program, "serve", "--config", str(directory / "gatewright.yaml"))
        return Launch(command, port=port, directory=directory)

    def roles(self, pids: Sequence[int]) -> dict[str, list[int]]:
        """The data worker; and apart from it the supervisor and the control process, which no request waits for."""
        workers = [pid for pid in pids if WORKER in command_line(pid)]
        return {"worker": workers, "supervisor and control": [pid for pid in pids if pid not in workers]}


def settings(directory: Path, port: int) -> dict[str, object]:
    """`gatewright.yaml`, as JSON, which is YAML too."""
    return {
        "listen": f"127.0.0.1:{port}",
        "admin": f"127.0.0.1:{free_port()}",
        "workers": 1,
        "state": str(directory / "state"),
        "database": f"sqlite:///{directory / 'state' / 'gatewright.db'}",
        "auth": "none",
        "routing": str(directory / "routing.yaml"),
    }


def routing(upstream_port: int, model: Mapping[str, object] = {}) -> dict[str, object]:
    """`routing.yaml`: all requests for the model go to its only version."""
    versions = {"only": {"served_model": MODEL, "endpoints": [f"http://127.0.0.1:{upstream_port}"]}}
    return {"versions": versions, "models": {MODEL: {"split": {"only": 1}, **model}}}
