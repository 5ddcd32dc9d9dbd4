"""A child that has something to do before it ends is told to end only once it can be told."""

import signal
import sys
import time

import pytest

from operations.serve.child import Child

# Starts slowly, as a control process does that imports; then takes SIGTERM as operations.serve.lifeline does.
SLOW = """
import asyncio, time
time.sleep(0.5)
from operations.serve.lifeline import stop_on
async def main():
    await stop_on(asyncio.get_running_loop(), 0, lambda fd: False).wait()
asyncio.run(main())
"""


@pytest.mark.parametrize(("holds", "status"), [(True, 0), (False, -signal.SIGTERM)])
def test_a_signal_that_comes_while_it_starts_waits_for_it(holds: bool, status: int) -> None:
    child = Child("control", [sys.executable, "-c", SLOW], b"{}\n", [], holds_term=holds)
    child.start()
    child.send(signal.SIGTERM)
    ended = None
    while ended is None:
        ended = child.poll()
        time.sleep(0.02)
    assert ended == status


def test_what_the_parent_blocks_is_as_before() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    child = Child("control", [sys.executable, "-c", "pass"], b"{}\n", [], holds_term=True)
    child.start()
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before
    child.kill()
