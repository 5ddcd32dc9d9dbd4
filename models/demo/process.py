"""The server as a process: its sockets, its signals, its end."""

import asyncio
import logging
import signal
from collections.abc import Callable, Sequence
from socket import AF_INET, AF_INET6, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET
from socket import socket as Socket

import uvicorn
from starlette.types import ASGIApp

LAST_WORDS_SECONDS = 1


def listen(host: str, ports: Sequence[int]) -> list[Socket]:
    """One listening socket for each port; 0 takes a free one. Raises OSError for the first that is taken."""
    return [_listen(host, port) for port in ports]


def _listen(host: str, port: int) -> Socket:
    family = AF_INET6 if ":" in host else AF_INET
    server = Socket(family, SOCK_STREAM)
    server.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    try:
        server.bind((host, port))
    except OSError as error:
        server.close()
        raise OSError(error.errno, f"port {port} of {host} cannot be had: {error.strerror}") from error
    server.setblocking(False)
    return server


class Process(uvicorn.Server):
    """Serves on several sockets until SIGTERM, SIGINT or `end`.

    Then `on_end` runs at once, while connections are still open: the engine stops, streams under way are told of its
    death, and the process is gone within a second or so. A signal is no failure: nothing is raised again.
    """

    def __init__(self, app: ASGIApp, on_ready: Callable[[], None], on_end: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="httptools",
                loop="uvloop",
                lifespan="off",
                access_log=False,
                log_level=logging.WARNING,
                timeout_graceful_shutdown=LAST_WORDS_SECONDS,
            )
        )
        self._on_ready, self._on_end = on_ready, on_end

    async def serve_until_told(self, sockets: list[Socket]) -> None:
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, self.end)
        await self._serve(sockets)

    def end(self) -> None:
        self.should_exit = True

    async def startup(self, sockets: list[Socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[Socket] | None = None) -> None:
        await asyncio.to_thread(self._on_end)
        await super().shutdown(sockets)
