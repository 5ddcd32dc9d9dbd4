"""The supervisor's loop. It starts, waits, and starts again; it serves nothing itself, and so has no reason to die."""

import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import msgspec

from gateway.config.handover import settings_line
from gateway.config.settings import Settings
from gateway.host_keys import HostKeys
from gateway.telemetry.logs import Log
from operations.admin.key import KEY_VARIABLE
from operations.secrets.master import FILE_VARIABLE, MASTER_VARIABLE
from operations.serve.child import Child, describe
from operations.serve.sockets import CannotStart, address_of, status_pair

_SECRETS = (KEY_VARIABLE, MASTER_VARIABLE, FILE_VARIABLE)
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_KILL_AFTER_SECONDS = 5.0
_CONTROL_LEAVES_SECONDS = 20.0
# The libraries under a model would each start a thread a core, and wait in loops; the process says how many it wants.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


class Programs(msgspec.Struct, frozen=True, kw_only=True):
    """The commands of the children, without the descriptors that each is given."""

    worker: Sequence[str] = (sys.executable, "-m", "gateway.worker")
    control: Sequence[str] = (sys.executable, "-m", "operations.control")
    classifier: Sequence[str] = (sys.executable, "-m", "operations.classifier")


class Supervisor:
    """One host's family: one control process and ``settings.workers`` data workers on two sockets bound here, and
    a classifier process, where the settings load classifiers, which binds its own."""

    def __init__(
        self, settings: Settings, keys: HostKeys, listener: socket.socket, admin: socket.socket, log: Log,
        programs: Programs | None = None, stderr: int | None = None, clock: Callable[[], float] = time.monotonic,
    ) -> None:
        programs = programs or Programs()
        self._settings = settings
        self._listener = listener
        self._admin = admin
        self._log = log
        self._clock = clock
        self._asked_to_stop = 0
        self._woken, self._waker = socket.socketpair()
        self._receiving, self._sending = status_pair()
        line = settings_line(settings)
        self._control = Child("control", [*programs.control, *self._control_arguments()], line,
                              [admin.fileno(), self._receiving.fileno()], stderr, os.environ, clock, holds_term=True)
        # These keys are no business of a process that applications talk to; it is given its own.
        environment = {name: value for name, value in os.environ.items() if name not in _SECRETS}
        workers_line = settings_line(settings, keys)
        self._workers = [Child(f"w{n}", [*programs.worker, "--name", f"w{n}", *self._worker_arguments()], workers_line,
                               [listener.fileno(), self._sending.fileno()], stderr, environment, clock)
                         for n in range(settings.workers)]
        self._classifiers = [Child("c0", [*programs.classifier, "--name", "c0", *self._classifier_arguments()], line,
                                   [self._sending.fileno()], stderr, environment | _ONE_THREAD, clock)
                             ] if settings.classifying is not None else []

    def _control_arguments(self) -> list[str]:
        return ["--admin-fd", str(self._admin.fileno()), "--status-fd", str(self._receiving.fileno())]

    def _worker_arguments(self) -> list[str]:
        return ["--listen-fd", str(self._listener.fileno()), "--status-fd", str(self._sending.fileno())]

    def _classifier_arguments(self) -> list[str]:
        return ["--status-fd", str(self._sending.fileno())]

    def run(self) -> int:
        """Serves until a signal says to stop; returns the exit status. Raises CannotStart where control cannot."""
        with self._signals():
            self._log.info("listening", listen=address_of(self._listener), admin=address_of(self._admin),
                           pid=os.getpid(), workers=len(self._workers))
            if self._start_control():
                for child in (*self._classifiers, *self._workers):
                    self._start(child)
                self._keep_running()
            self._stop()
        return 0

    @contextmanager
    def _signals(self) -> Iterator[None]:
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        before = {number: signal.signal(number, self._on_stop_signal) for number in _SIGNALS}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)  # so that it wakes the loop
        wakeup = signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in before.items():
                signal.signal(number, handler)
            self._woken.close()
            self._waker.close()

    def _on_stop_signal(self, number: int, _frame: object) -> None:
        self._asked_to_stop += 1

    def _start_control(self) -> bool:
        """True once there is a snapshot to serve; False where a signal came first."""
        reading, writing = os.pipe()
        try:
            self._control.start(["--ready-fd", str(writing)], [writing])
        finally:
            os.close(writing)
        self._log.info("child_started", child="control", pid=self._control.pid)
        with open(reading, "rb") as pipe:
            said = self._first_line_of(pipe.fileno())
        if said is not None:
            self._heed(said)
        return said is not None

    def _first_line_of(self, fd: int) -> bytes | None:
        said = b""
        while not self._asked_to_stop:
            readable, _, _ = select.select([fd, self._woken.fileno()], [], [])
            if self._woken.fileno() in readable:
                self._drain_wakeups()
            if fd in readable:
                chunk = os.read(fd, 65_536)
                said += chunk
                if not chunk:
                    return said
        return None

    def _heed(self, said: bytes) -> None:
        message: dict[str, Any] = msgspec.json.decode(said) if said.strip() else {}
        if not message.get("ready"):
            self._control.send(signal.SIGTERM)
            self._wait_for([self._control], _KILL_AFTER_SECONDS)
            raise CannotStart("\n".join(message.get("problems", [])) or "the control process ended before it was ready")
        self._log.info("snapshot", revision=message.get("revision"), warnings=message.get("warnings", []))

    def _start(self, child: Child) -> None:
        try:
            child.start()
        except OSError as error:
            self._log.error("child_not_started", child=child.name, error=str(error),
                            again_in_seconds=child.plan_restart())
            return
        self._log.info("child_started", child=child.name, pid=child.pid)

    def _keep_running(self) -> None:
        family = [self._control, *self._classifiers, *self._workers]
        while not self._asked_to_stop:
            self._wait(min((c.due_at for c in family if c.due_at is not None), default=None))
            for child in family:
                self._look_after(child)

    def _look_after(self, child: Child) -> None:
        pid = child.pid
        status = child.poll()
        if status is not None:
            delay = child.plan_restart()
            self._log.error("child_died", child=child.name, pid=pid, **describe(status), again_in_seconds=delay)
        if child.is_due() and not self._asked_to_stop:
            self._start(child)

    def _wait(self, until: float | None) -> None:
        timeout = None if until is None else max(0.0, until - self._clock())
        if not self._asked_to_stop:
            select.select([self._woken], [], [], timeout)
        self._drain_wakeups()

    def _drain_wakeups(self) -> None:
        with suppress(BlockingIOError):
            self._woken.recv(4096)

    def _stop(self) -> None:
        # Workers first and control last: what they leave in the journal is drained before the service is gone.
        self._log.info("stopping")
        self._listener.close()
        self._sending.close()
        for worker in self._workers:
            worker.send(signal.SIGTERM)
        drain = self._settings.drain
        self._wait_for(self._workers, drain.grace + drain.finish + _KILL_AFTER_SECONDS, hasten=True)
        for classifier in self._classifiers:
            classifier.send(signal.SIGTERM)
        self._wait_for(self._classifiers, _KILL_AFTER_SECONDS)
        self._control.send(signal.SIGTERM)
        self._wait_for([self._control], _CONTROL_LEAVES_SECONDS)
        self._admin.close()
        self._receiving.close()
        self._log.info("stopped")

    def _wait_for(self, children: Sequence[Child], seconds: float, hasten: bool = False) -> None:
        deadline = self._clock() + seconds
        while any(child.pid for child in children) and self._clock() < deadline:
            if hasten and self._asked_to_stop > 1:
                break
            select.select([self._woken], [], [], min(0.5, max(0.0, deadline - self._clock())))
            self._drain_wakeups()
            for child in children:
                self._log_end(child)
        for child in children:
            if child.pid:
                self._log.error("child_killed", child=child.name, pid=child.pid)
                child.kill()

    def _log_end(self, child: Child) -> None:
        pid, status = child.pid, child.poll()
        if status is not None:
            self._log.info("child_ended", child=child.name, pid=pid, **describe(status))
