"""``python -m operations.control``: started by the supervisor, with its sockets and a lifeline."""

import argparse
import asyncio
import logging
import os
import socket
import sys
from pathlib import Path

import msgspec

from gateway.config.settings import Settings
from gateway.telemetry.logs import Log, StandardLogs, places_of
from operations.admin.key import KEY_VARIABLE
from operations.control.process import Control, NothingToServe
from operations.secrets.master import BadMasterKey, master_key
from operations.serve.lifeline import read_settings, stop_on


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="operations.control", description=__doc__)
    parser.add_argument("--admin-fd", type=int, required=True, help="the listening socket of the admin port")
    parser.add_argument("--status-fd", type=int, required=True, help="where the workers' statuses arrive")
    parser.add_argument("--ready-fd", type=int, help="where to say, once, that there is a snapshot, or why not")
    return parser.parse_args()


async def _run(arguments: argparse.Namespace, settings: Settings, lifeline: int, log: Log) -> int:
    stop = stop_on(asyncio.get_running_loop(), lifeline, lambda fd: not os.read(fd, 4096))
    try:
        master = master_key(os.environ, Path(settings.state))
    except (BadMasterKey, OSError) as error:
        _announce(arguments.ready_fd, {"ready": False, "problems": [str(error)]})
        return 1
    control = Control(settings, os.environ.get(KEY_VARIABLE, ""), log, master)
    try:
        revision = await control.open()
    except NothingToServe as error:
        _announce(arguments.ready_fd, {"ready": False, "problems": error.problems})
        log.error("nothing_to_serve", problems=error.problems)
        return 1
    _announce(arguments.ready_fd, {"ready": True, "revision": revision, "warnings": control.keeper.warnings()})
    admin, status = (socket.socket(fileno=fd) for fd in (arguments.admin_fd, arguments.status_fd))
    status.setblocking(False)
    try:
        await control.run(admin, status, stop)
    except ExceptionGroup as failed:
        # A bug: the supervisor starts this process again. The place is logged, never the values.
        for failure in failed.exceptions:
            log.error("control_failed", error=type(failure).__name__, at_places=places_of(failure))
        return 1
    return 0


def _announce(fd: int | None, message: dict[str, object]) -> None:
    if fd is not None:
        os.write(fd, msgspec.json.encode(message) + b"\n")
        os.close(fd)


def main() -> int:
    os.umask(0o077)  # the ledger tells who asked what, and when: for this user alone
    lifeline = sys.stdin.fileno()
    arguments, settings = _arguments(), read_settings(lifeline)
    log = Log(sys.stderr, settings.log_level, process="control", pid=os.getpid())
    logging.getLogger().addHandler(StandardLogs(log))
    return asyncio.run(_run(arguments, settings, lifeline, log))


if __name__ == "__main__":
    sys.exit(main())
