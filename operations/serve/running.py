"""Serving from settings: what has to be had before the supervisor may start anything."""

import os
from pathlib import Path

from gateway.config.settings import Settings
from gateway.telemetry.logs import Log
from operations.admin.key import problem_of
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
        listener, admin = listen_on(settings.listen, "listen"), listen_on(settings.admin, "admin")
        return Supervisor(settings, listener, admin, log, programs, stderr).run()
    finally:
        lock.release()
