"""Builds the two C programs, once for each state of their source."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

SOURCES = Path(__file__).parent
FLAGS = ("-O2", "-Wall", "-Wextra", "-Werror", "-std=gnu17")


class NoCompiler(Exception):
    """There is no C compiler, and there is no built program of this source."""


class DoesNotCompile(Exception):
    """The compiler refused the source; the message is the compiler's."""


def program(name: str, *, into: Path = SOURCES / ".build") -> Path:
    """The path of the built program `name` (`upstream` or `load`); builds it where its source has changed."""
    source = SOURCES / f"{name}.c"
    target = into / f"{name}-{hashlib.sha256(source.read_bytes()).hexdigest()[:12]}"
    if not target.exists():
        build(source, target, compiler=find_compiler())
    return target


def find_compiler() -> str:
    """`$CC`, or the first of gcc, cc and clang on the path."""
    for name in (os.environ.get("CC", ""), "gcc", "cc", "clang"):
        if name and (found := shutil.which(name)):
            return found
    raise NoCompiler("the load generator is a C program and there is no compiler: install gcc, or set CC")


def build(source: Path, target: Path, *, compiler: str) -> None:
    """Compiles beside the target and renames, so that two runs at once never see half a program."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    done = subprocess.run(
        [compiler, *FLAGS, str(source), "-o", str(draft)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise DoesNotCompile(done.stderr)
    draft.rename(target)
