"""One child of the supervisor: its command, its present process, and when it is started next."""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence

from operations.serve.restart import Restarts


class Child:
    """A child has a process or a time at which it is due, never both; before its first start and once stopped, neither.

    Its standard input is a pipe: one line of settings, then held open. The kernel closes it when the supervisor ends,
    however it ends, and that is how a child learns that it is alone.
    """

    def __init__(
        self, name: str, command: Sequence[str], settings: bytes, fds: Sequence[int],
        stderr: int | None = None, environment: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic, holds_term: bool = False,
    ) -> None:
        """``holds_term``: SIGTERM waits until the child takes it (``lifeline.stop_on``), however long it is starting:
        for one that has something to do before it ends."""
        self.name = name
        self.due_at: float | None = None
        self.starts = 0
        self._command = list(command)
        self._settings = settings
        self._fds = list(fds)
        self._stderr = stderr
        self._environment = environment
        self._clock = clock
        self._held = {signal.SIGTERM} if holds_term else set()
        self._restarts = Restarts()
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self, extra: Sequence[str] = (), extra_fds: Sequence[int] = ()) -> None:
        """Starts the process in a process group of its own: Ctrl-C in a terminal is the supervisor's to handle."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, self._held)
        try:  # the child inherits what is blocked here
            self._process = subprocess.Popen(
                [*self._command, *extra], stdin=subprocess.PIPE, stderr=self._stderr, env=self._environment,
                pass_fds=[*self._fds, *extra_fds], process_group=0)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self.starts += 1
        self.due_at = None
        self._started_at = self._clock()
        self._hand_over_settings()

    def _hand_over_settings(self) -> None:
        stdin = self._process.stdin if self._process else None
        if stdin is None:
            return
        if len(self._settings) > 32_768:
            # A full pipe would block the supervisor on a child that is slow to read.
            fcntl.fcntl(stdin, fcntl.F_SETPIPE_SZ, 1 << 20)
        try:
            os.write(stdin.fileno(), self._settings)
        except OSError:
            return  # it has died already, which the next poll shows

    def poll(self) -> int | None:
        """The exit status (negative: the signal) once, when the process has ended; None otherwise."""
        status = self._process.poll() if self._process else None
        if status is not None:
            self._close()
        return status

    def plan_restart(self) -> float:
        """Makes the child due again; returns in how many seconds."""
        now = self._clock()
        delay = self._restarts.delay_seconds(now - self._started_at)
        self.due_at = now + delay
        return delay

    def is_due(self) -> bool:
        return self.due_at is not None and self._clock() >= self.due_at

    def send(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """Ends the process at once and waits for its end."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._close()

    def _close(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None


def describe(status: int) -> dict[str, object]:
    """An exit status for a log line: the status, or the signal's name."""
    if status >= 0:
        return {"exit_status": status}
    try:
        return {"signal": signal.Signals(-status).name}
    except ValueError:
        return {"signal": str(-status)}
