"""Serving from settings: what has to be had before the supervisor may start anything."""

import os
from pathlib import Path

from gateway.config.settings import Settings
from gateway.host_keys import HostKeys
from gateway.telemetry.logs import Log
from operations.admin.key import problem_of
from operations.secrets.master import BadMasterKey, master_key
from operations.serve.sockets import CannotStart, StateLock, listen_on
from operations.serve.supervisor import Programs, Supervisor


def run(settings: Settings, log: Log, programs: Programs | None = None, stderr: int | None = None) -> int:
    """Serves until a signal says to stop; returns the exit status. Raises CannotStart.

    What the children write to standard error goes to the descriptor ``stderr``, where one is given.
    """
    problem = problem_of(settings, os.environ)
    if problem:
        raise CannotStart(problem)
    lock = StateLock(Path(settings.state))
    try:
        keys = _keys(settings)
        listener, admin = listen_on(settings.listen, "listen"), listen_on(settings.admin, "admin")
        return Supervisor(settings, keys, listener, admin, log, programs, stderr).run()
    finally:
        lock.release()


def _keys(settings: Settings) -> HostKeys:
    try:
        return master_key(os.environ, Path(settings.state)).host_keys()
    except (BadMasterKey, OSError) as error:
        raise CannotStart(str(error)) from None
