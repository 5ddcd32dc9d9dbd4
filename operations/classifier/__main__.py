"""``python -m operations.classifier``: started by the supervisor, with its settings and a lifeline."""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from gateway.config.settings import Settings
from gateway.telemetry.logs import Log, places_of
from guardrails.classifiers.classifier import Classifier
from guardrails.classifiers.frames import socket_in
from guardrails.classifiers.rampart import Rampart, missing
from guardrails.classifiers.reading import Readings, Stuck
from guardrails.classifiers.server import listen
from operations.serve.lifeline import read_settings, stop_on

MOST_THREADS = 4  # more gain nothing on windows of this length


def threads_for(workers: int, cores: int) -> int:
    """What the data workers leave."""
    return max(1, min(MOST_THREADS, cores - workers))


class Process:
    """Listens at once, and answers that it is loading until the model has been loaded."""

    def __init__(self, settings: Settings, log: Log) -> None:
        self._socket = socket_in(Path(settings.state))
        self._threads = threads_for(settings.workers, len(os.sched_getaffinity(0)))
        self._log = log
        self._readings = Readings(time.monotonic, self._say_failed)

    def _say_failed(self, classifier: str, error: BaseException) -> None:
        self._log.error("classifier_failed", classifier=classifier, error=type(error).__name__,
                        at_places=places_of(error))

    def _load(self) -> Mapping[str, Classifier]:
        began = time.monotonic()
        classifiers: list[Classifier] = [Rampart(threads=self._threads)]
        self._log.info("classifier_ready", classifiers=[one.name for one in classifiers], threads=self._threads,
                       load_seconds=round(time.monotonic() - began, 3))
        return {one.name: one for one in classifiers}

    async def run(self, stop: asyncio.Event) -> int:
        """Serves until ``stop``; returns the exit status. Ends where the model cannot be loaded, or hangs."""
        listener = await listen(self._socket, self._readings)
        reading = asyncio.create_task(self._readings.run(self._load))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([reading, stopping], return_when=asyncio.FIRST_COMPLETED)
        listener.close()
        stopping.cancel()
        if not reading.done():
            return 0
        error = reading.exception()
        if isinstance(error, Stuck):
            self._log.error("classifier_stuck", classifier=str(error))
        elif error is not None:
            self._log.error("classifier_broken", error=type(error).__name__, at_places=places_of(error))
        return 1


async def _run(log: Log) -> int:
    lifeline = sys.stdin.fileno()
    settings = read_settings(lifeline)
    stop = stop_on(asyncio.get_running_loop(), lifeline, lambda fd: not os.read(fd, 4096))
    return await Process(settings, log).run(stop)


def main() -> int:
    parser = argparse.ArgumentParser(prog="operations.classifier", description=__doc__)
    parser.add_argument("--name", required=True)
    name = parser.parse_args().name
    os.umask(0o077)  # whoever can connect can ask what was found in a text
    log = Log(sys.stderr, process=name, pid=os.getpid())
    lacking = missing()
    if lacking:
        log.error("classifier_lacks_packages", missing=lacking, remedy="pip install 'gatewright[names]'")
        return 1
    return asyncio.run(_run(log))


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)  # a thread that hangs in a model would keep the process
