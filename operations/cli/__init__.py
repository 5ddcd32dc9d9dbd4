"""The ``gatewright`` command: a thin client of the admin API, and the two commands that start things."""

from operations.cli.program import main

__all__ = ["main"]
