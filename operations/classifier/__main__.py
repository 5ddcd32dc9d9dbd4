"""``python -m operations.classifier``: started by the supervisor, with its settings and a lifeline."""

import argparse
import asyncio
import os
import sys
import time
from pathlib import Path

import uvloop

from gateway.config.settings import Settings
from gateway.telemetry.logs import Log, places_of
from gateway.worker_status import StatusSender
from guardrails.classifiers.frames import socket_in
from guardrails.classifiers.loading import Loading, makers_of
from guardrails.classifiers.reading import Readings, Stuck
from guardrails.classifiers.server import listen
from guardrails.classifiers.settings import ClassifierSettings
from operations.classifier.activity import Activity
from operations.serve.lifeline import read_settings, stop_on

MOST_THREADS = 4  # unless more are asked for
STATUS_SECONDS = 1.0
# A data worker that has something to do comes first: it answers in microseconds, a batch takes milliseconds.
NICENESS = 5
SWITCH_SECONDS = 0.001  # how long a thread that computes keeps the interpreter from the event loop
# Of what a checkpoint's libraries would say on standard error, which is the log's.
_QUIET = {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "TRANSFORMERS_VERBOSITY": "error",
          "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1", "TQDM_DISABLE": "1"}


def threads_for(settings: ClassifierSettings, cores: int) -> int:
    """As many as are asked for; else one a core. What the data workers leave of these, the kernel knows best: they come
    first."""
    return settings.threads or min(MOST_THREADS, cores)


class Process:
    """Listens at once, and answers of each classifier that it is loading until it has been loaded."""

    def __init__(self, name: str, settings: Settings, log: Log, status: StatusSender | None) -> None:
        classifying = settings.classifying or ClassifierSettings()
        self._name = name
        self._log = log
        self._status = status
        self._socket = socket_in(Path(settings.state))
        self._makers = makers_of(classifying, settings.scoring)
        self._activity = Activity(log)
        threads = threads_for(classifying, len(os.sched_getaffinity(0)))
        self._readings = Readings(time.monotonic, self._activity, self._makers, threads)
        self._readings.on_change.add(self._report)
        self._loading = Loading(self._readings, time.monotonic, log, places_of)
        log.info("classifiers_load", classifiers=list(self._makers), threads=threads)

    async def run(self, stop: asyncio.Event) -> int:
        """Serves until ``stop``; returns the exit status. Ends where a batch does not come back."""
        listener = await listen(self._socket, self._readings)
        reading = asyncio.create_task(self._readings.run())
        beside = [asyncio.create_task(self._loading.run(self._makers)), asyncio.create_task(self._report_often())]
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([reading, stopping], return_when=asyncio.FIRST_COMPLETED)
        listener.close()
        for task in (stopping, *beside):
            task.cancel()
        if not reading.done():
            return 0
        error = reading.exception()
        if isinstance(error, Stuck):
            self._log.error("classifier_stuck", classifier=str(error))
        elif error is not None:
            self._log.error("classifier_process_broken", error=type(error).__name__, at_places=places_of(error))
        return 1

    async def _report_often(self) -> None:
        while True:
            self._report()
            await asyncio.sleep(STATUS_SECONDS)

    def _report(self) -> None:
        if self._status is not None:
            self._status.send(self._activity.status(self._name, os.getpid(), self._readings, time.time))


async def _run(name: str, status: StatusSender | None) -> int:
    lifeline = sys.stdin.fileno()
    settings = read_settings(lifeline)
    log = Log(sys.stderr, settings.log_level, process=name, pid=os.getpid())
    stop = stop_on(asyncio.get_running_loop(), lifeline, lambda fd: not os.read(fd, 4096))
    return await Process(name, settings, log, status).run(stop)


def main() -> int:
    parser = argparse.ArgumentParser(prog="operations.classifier", description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--status-fd", type=int)
    arguments = parser.parse_args()
    os.umask(0o077)  # whoever can connect can ask what was found in a text
    os.nice(NICENESS)
    os.environ.update(_QUIET)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # batches are read side by side: each has a core, and no more
    sys.setswitchinterval(SWITCH_SECONDS)
    status = None if arguments.status_fd is None else StatusSender(arguments.status_fd)
    return uvloop.run(_run(arguments.name, status))


if __name__ == "__main__":
    exit_status = main()
    sys.stderr.flush()
    os._exit(exit_status)  # a thread that hangs in a model would keep the process
