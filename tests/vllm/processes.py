"""Real processes under test: started in a session of their own, waited for, and ended with all that they started."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.vllm.wire import ask

START_SECONDS = 300.0
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def wait_until(holds: Callable[[], bool], within_seconds: float, what: str) -> None:
    """Returns once `holds()`; raises TimeoutError naming `what` after the deadline."""
    deadline = time.monotonic() + within_seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {within_seconds:g} s")
        time.sleep(0.05)


def end_with_parent() -> None:
    """Run in a child: asks the kernel to end it when the tests are killed and can no longer do so themselves."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Server:
    """A server process; `url` is where it answers once `ready()` has returned."""

    def __init__(self, argv: Sequence[str], environ: Mapping[str, str], url: str, log: Path) -> None:
        self.url = url
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(argv, env=dict(environ), stdout=output, stderr=subprocess.STDOUT,
                                            stdin=subprocess.DEVNULL, start_new_session=True,
                                            preexec_fn=end_with_parent)

    def ready(self, path: str = "/health") -> None:
        """Returns once `path` answers 200; raises with the end of the log where it does not."""
        try:
            wait_until(lambda: self._answers(path), START_SECONDS, f"{self.url}{path}")
        except (TimeoutError, ChildProcessError) as error:
            raise AssertionError(f"{error}\n{self.tail()}") from None

    def _answers(self, path: str) -> bool:
        if self.process.poll() is not None:
            raise ChildProcessError(f"{self.process.args!r} ended with {self.process.returncode}")
        try:
            return ask(self.url, path, method="GET").status == 200
        except OSError:
            return False

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]

    def child_named(self, name: str) -> int:
        """Returns the pid of the only process below this one whose title holds `name`."""
        (pid,) = [pid for pid in descendants(self.process.pid) if name in title(pid)]
        return pid

    def stop(self) -> None:
        """Ends the process and every one that it started: its session is its own."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self._kill_session()
            self.process.wait()

    def _kill_session(self) -> None:
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def descendants(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in task.read_text().split()]
        except OSError:
            continue  # the thread has ended meanwhile
    return [*found, *(below for child in found for below in descendants(child))]


def title(pid: int) -> str:
    """The process's command line, or its short name (vLLM sets both)."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text() + Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return ""
