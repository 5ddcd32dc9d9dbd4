"""Training: a script of ``guardrails.training`` as a child process, so that what it takes of memory ends with it."""

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec

from guardrails.training.trainable import Trainable

INSTALL = "pip install 'gatewright[train]'"
_WORDS_KEPT = 20
_READ_BYTES = 1 << 20


class Step(msgspec.Struct, frozen=True):
    """How far a script is: ``done`` of ``total``, after so many seconds."""

    step: str
    done: int
    total: int
    loss: float | None = None
    seconds: float | None = None

    @property
    def seconds_left(self) -> float | None:
        """As it has gone so far; None where it is not known."""
        return self.seconds * (self.total - self.done) / self.done if self.seconds is not None and self.done else None


class Made(msgspec.Struct, frozen=True):
    """What a script has made: a file or a folder, the digest of the model's file, and how good the model is."""

    written: str
    sha256: str
    figures: dict[str, Any] = {}


def lacking_data(model: Trainable, data: Path) -> list[Path]:
    """Files that the data's folder ought to have."""
    return [data / name for name in model.data if not (data / name).is_file()]


def lacking_packages(model: Trainable) -> list[str]:
    return [name for name in model.packages if find_spec(name) is None]


def command(model: Trainable, data: Path, models: Path, seed: int, minutes: float | None = None,
            device: str = "cpu") -> list[str]:
    """The child's command. It does not look for packages in the folder that it happens to run in (``-P``). The teacher
    is the one among ``models``; where there is none the script takes the bundled one. ``minutes`` bound the training of
    those that can be bounded, ``device`` is where those are trained that a GPU can train."""
    teacher = models / model.teacher if model.teacher else None
    taught = ["--teacher", str(teacher)] if teacher is not None and teacher.is_dir() else []
    bound = ["--minutes", str(minutes)] if minutes is not None and model.bounded else []
    placed = ["--device", device] if device != "cpu" and model.on_gpu else []
    return [sys.executable, "-P", "-m", model.module, "--data", str(data), "--out", str(models / model.name),
            "--seed", str(seed), *taught, *bound, *placed]


class Training:
    """A script that runs. ``last_words`` are the last lines that were no progress, of whichever stream."""

    def __init__(self, words: Sequence[str]) -> None:
        """In a process group of its own: signals reach it, and what it has started, through ``pass_on`` alone."""
        self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, process_group=0)
        self._words: deque[str] = deque(maxlen=_WORDS_KEPT)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def last_words(self) -> str:
        return "\n".join(self._words)

    def told(self) -> Iterator[Step | Made]:
        """What it says of itself, until it ends."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            found = understood(line)
            if found is not None:
                yield found
            elif line.strip():
                self._words.append(line.decode(errors="replace").rstrip())

    def wait(self) -> int:
        """Its exit status; below 0 the signal that ended it."""
        status = self._process.wait()
        self._listener.join()
        return status

    def send(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def end(self) -> None:
        """Ends it where it has not ended by itself, and lets go of it."""
        if self._process.poll() is None:
            self.send(signal.SIGKILL)
            self._process.wait()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def _listen(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._words.append(line.decode(errors="replace").rstrip())


class Signals:
    """Ctrl-C and SIGTERM, passed on: the script ends as it sees fit, and this process when the script has ended. Who
    has to be asked twice is killed. ``passed_on`` is the first of them."""

    def __init__(self) -> None:
        self.passed_on: int | None = None
        self._script: Training | None = None

    def arrive(self, number: int, _frame: FrameType | None = None) -> None:
        again = self.passed_on is not None
        self.passed_on = self.passed_on or number
        if self._script is not None:
            self._script.send(signal.SIGKILL if again else number)

    def reach(self, script: Training) -> None:
        """From now on, and with what has arrived before it ran."""
        self._script = script
        if self.passed_on is not None:
            script.send(self.passed_on)


@contextlib.contextmanager
def running(words: Sequence[str]) -> Iterator[tuple[Training, Signals]]:
    """The script, running; it does not outlive the block."""
    signals = Signals()
    before = {number: signal.signal(number, signals.arrive) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        script = Training(words)
        signals.reach(script)
        try:
            yield script, signals
        finally:
            script.end()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def understood(line: bytes) -> Step | Made | None:
    """What a line of a script says; None where it is no such line."""
    try:
        told = msgspec.json.decode(line)
        if isinstance(told, dict) and "written" in told:
            return msgspec.convert(told, Made)
        return msgspec.convert(told, Step)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def digest_of(path: Path) -> str:
    """SHA-256 of a file. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_READ_BYTES):
            digest.update(piece)
    return digest.hexdigest()
