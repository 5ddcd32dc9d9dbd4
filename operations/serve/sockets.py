"""The sockets, bound once by the supervisor and inherited, so that a child's death loses no connection."""

import errno
import fcntl
import os
import socket
from pathlib import Path

from gateway.config.written import Address

BACKLOG = 2048
_STATUS_BYTES = 1 << 20


class CannotStart(Exception):
    """The service cannot start here; the message says why and what to do."""


def listen_on(address: Address, setting: str) -> socket.socket:
    """A listening TCP socket; raises CannotStart, naming the setting, where the address cannot be had."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address.host, address.port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise CannotStart(f"{setting}: cannot listen on {address}: {_remedy(error)}") from None
    return listener


def _remedy(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "another program listens there already"
    if error.errno == errno.EACCES:
        return "ports below 1024 need a privilege"
    return os.strerror(error.errno) if error.errno else str(error)


def address_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def status_pair() -> tuple[socket.socket, socket.socket]:
    """The receiving end (control) and the sending end (workers) of the status socket."""
    receiving, sending = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiving.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _STATUS_BYTES)
    return receiving, sending


class StateLock:
    """Holds a state folder for one supervisor; the kernel lets go of it when the process ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        """Raises CannotStart where another supervisor holds ``folder``, or where it cannot be written."""
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._fd = os.open(folder / "supervisor.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise CannotStart(f"state: cannot use {folder}: {error.strerror}") from None
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._fd)
            raise CannotStart(f"state: another gatewright serves from {folder}") from None
        os.truncate(self._fd, 0)
        os.write(self._fd, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        os.close(self._fd)
