"""What the kernel writes is read right, also where names are strange."""

import os
import subprocess

from benchmarks.processes import (
    CoreTicks,
    Memory,
    command_line,
    cores,
    family,
    memory,
    parse_cores,
    parse_parent,
    parse_smaps_rollup,
    shares,
)

STAT = "4321 (a) strange (name 7) S 1234 4321 4321 0 -1 4194560 1000 0 0 0 25 17 0 0 20 0 4 0 8912 12345 678"
ROLLUP = """\
55d0c0a00000-7ffd1a5f1000 ---p 00000000 00:00 0                          [rollup]
Rss:               30720 kB
Pss:               10240 kB
Pss_Dirty:          2048 kB
"""
CORES = """\
cpu  300 0 100 900 10 0 5 20 0 0
cpu0 100 0 50 800 10 0 5 20 0 0
cpu1 200 0 50 100 0 0 0 0 0 0
intr 12345 0 0
"""


def test_a_parent_is_found_behind_any_name() -> None:
    """Brackets and spaces in the command's name do not move the fields."""
    assert parse_parent(STAT) == 1234


def test_memory_is_in_mebibytes() -> None:
    """The kernel counts in kB."""
    assert parse_smaps_rollup(ROLLUP) == Memory(pss=10, rss=30)


def test_cores_are_read_one_by_one() -> None:
    """The line of the sum is not a core; waiting for a disk is not work, and stolen time is its own."""
    assert parse_cores(CORES) == {
        0: CoreTicks(busy=155, stolen=20, total=985),
        1: CoreTicks(busy=250, stolen=0, total=350),
    }


def test_shares_are_of_the_time_between_two_readings() -> None:
    """Half of it worked, a tenth stolen; two readings in one tick are no division by nought."""
    assert shares(CoreTicks(100, 10, 1000), CoreTicks(150, 20, 1100)) == (0.5, 0.1)
    assert shares(CoreTicks(100, 10, 1000), CoreTicks(100, 10, 1000)) == (0, 0)


def test_a_family_has_its_grandchildren() -> None:
    """A shell that started another that sleeps: all three are found, the leader first."""
    script = "sh -c 'sleep 60 & echo ready; wait' & wait"
    with subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, text=True) as leader:
        assert leader.stdout
        assert leader.stdout.readline() == "ready\n"
        found = family(leader.pid)
        for pid in found:
            os.kill(pid, 15)
    assert found[0] == leader.pid
    assert len(found) == 3


def test_our_own_memory_and_cores_are_readable() -> None:
    """Against the real kernel: shared pages make PSS no greater than RSS, and arguments stand with spaces between."""
    own = memory([os.getpid()])
    assert 0 < own.pss <= own.rss
    assert "pytest" in command_line(os.getpid())
    assert set(cores()) >= os.sched_getaffinity(0)


def test_one_that_has_ended_has_no_command_line() -> None:
    """It is empty, and no error."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert command_line(gone.pid) == ""
