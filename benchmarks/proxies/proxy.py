"""What the harness needs to know of a proxy."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from benchmarks.servers import Launch


class Missing(Exception):
    """The proxy is not installed; the message says how to have it."""


class Proxy(Protocol):
    """A proxy that can be started in front of an upstream."""

    name: str

    def version(self) -> str:
        """What exactly is measured, as the program itself tells."""

    def prepare(self, directory: Path, *, upstream_port: int) -> Launch:
        """Writes its configuration into `directory` and says how to start it."""

    def roles(self, pids: Sequence[int]) -> dict[str, list[int]]:
        """Its processes by what they do; the first role is the one that carries the requests."""


def find(names: Sequence[str], *, how: str) -> str:
    """The path of the first program that is found: beside this interpreter, or on the path; or raises Missing."""
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    for name in names:
        if found := shutil.which(name, path=places):
            return found
    raise Missing(how)


def told_version(command: Sequence[str], pattern: str) -> str:
    """The first group of `pattern` in what the command prints, or all that it printed."""
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    printed = (told.stdout + told.stderr).strip()
    match = re.search(pattern, printed)
    return match[1] if match else printed
