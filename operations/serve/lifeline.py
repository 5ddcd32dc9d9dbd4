"""A child's standard input: one line of settings, then a pipe whose end means that the supervisor is gone."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable

from gateway.config.handover import settings_of_line
from gateway.config.settings import Settings


def read_settings(lifeline: int) -> Settings:
    """Reads one line and nothing beyond it."""
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(lifeline, 1)
        if not part:
            raise SystemExit("the supervisor ended before it said what to do")
        line += part
    return settings_of_line(line)


def end_with_input(fd: int) -> None:
    """Sends this process SIGTERM once the pipe ends that ``fd`` reads: for a process without an event loop."""
    def wait() -> None:
        while os.read(fd, 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def stop_on(loop: asyncio.AbstractEventLoop, lifeline: int, is_alone: Callable[[int], bool]) -> asyncio.Event:
    """An event that SIGTERM sets, and the end of the supervisor: ``is_alone`` reads the lifeline."""
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})  # what came while it was starting comes now

    def look() -> None:
        if is_alone(lifeline):
            loop.remove_reader(lifeline)
            stop.set()

    loop.add_reader(lifeline, look)
    return stop
