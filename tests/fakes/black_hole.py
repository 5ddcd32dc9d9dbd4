"""A port on which nobody answers: what a host that vanished behind a firewall looks like to a client that connects."""

from __future__ import annotations

import socket
from types import TracebackType
from typing import Self


class BlackHole:
    """Holds a listening socket whose queue is full and never emptied, so that the kernel drops every further SYN."""

    def __enter__(self) -> Self:
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(0)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._fillers = [self._connect() for _ in range(4)]
        return self

    def _connect(self) -> socket.socket:
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(("127.0.0.1", self.port))
        return filler

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for each in (*self._fillers, self._listener):
            each.close()
