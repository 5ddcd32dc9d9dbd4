"""A profile tells where time goes: by frame, and by function with what it calls."""

from benchmarks.profiling import by_function, own_time

STACKS = [
    "serve (door.py:10);answer (door.py:20);write (libc.so.6) 30",
    "serve (door.py:11);answer (door.py:21) 5",
    "serve (door.py:11);poll (libc.so.6) 10",
    "start (libc.so.6) 1",
]


def test_own_time_belongs_to_the_innermost_frame() -> None:
    """Python or C, line by line."""
    assert own_time(STACKS)["write (libc.so.6)"] == 30
    assert own_time(STACKS)["answer (door.py:21)"] == 5


def test_a_function_answers_for_the_c_that_it_calls() -> None:
    """Its lines are one, and what is below it is counted once."""
    assert by_function(STACKS) == {"serve (door.py)": (10, 45), "answer (door.py)": (35, 35)}
