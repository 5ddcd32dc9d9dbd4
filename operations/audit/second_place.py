"""The second place, as files: what was sealed, where whoever writes to the database does not.

A folder holds two files for each host that writes to it, both only ever added to: ``HOST.segments.jsonl``, a segment a
line with the digests of its records (``leaves``, 32 bytes each, in base64 one after another; absent where the database
did not have the right ones any more), and ``HOST.checkpoints.jsonl``, a checkpoint a line. A line that was torn by a
crash is followed by a new one, and passed over.
"""

import base64
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from operations.audit.checkpoint import Checkpoint, Segment, checkpoint_of, segment_of
from operations.audit.merkle import HASH_BYTES

CHECKPOINTS = ".checkpoints.jsonl"
SEGMENTS = ".segments.jsonl"
_CHUNK_BYTES = 1 << 16


class Kept(msgspec.Struct, frozen=True):
    """A segment and the digests of its records, where they are known."""

    segment: Segment
    leaves: list[bytes] | None


class Folder:
    """The writing end. Raises OSError."""

    def __init__(self, path: Path, host: str) -> None:
        self.name = str(path)
        self._path = path
        self._host = host

    def newest(self) -> Checkpoint | None:
        """The newest checkpoint there."""
        told = _last_of(self._path / (self._host + CHECKPOINTS))
        try:
            return checkpoint_of(told) if told else None
        except ValueError:
            return None

    def add(self, segments: Sequence[Kept], checkpoints: Sequence[Checkpoint]) -> None:
        """Returns once they are on disk: the segments first, so that no checkpoint signs what is not there."""
        self._path.mkdir(parents=True, exist_ok=True)
        _append(self._path / (self._host + SEGMENTS), [_line_of(one) for one in segments])
        _append(self._path / (self._host + CHECKPOINTS), [one.told() for one in checkpoints])


def _line_of(kept: Kept) -> dict[str, Any]:
    told = kept.segment.told()
    if kept.leaves is not None:
        told["leaves"] = base64.b64encode(b"".join(kept.leaves)).decode()
    return told


def _append(path: Path, told: Sequence[dict[str, Any]]) -> None:
    if not told:
        return
    data = b"".join(msgspec.json.encode(one, order="sorted") + b"\n" for one in told)
    is_new = not path.exists()
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        end = os.lseek(fd, 0, os.SEEK_END)
        if end and os.pread(fd, 1, end - 1) != b"\n":
            data = b"\n" + data
        if os.write(fd, data) < len(data):
            raise OSError(f"{path}: the disk took a part only")
        os.fsync(fd)
    finally:
        os.close(fd)
    if is_new:
        _sync_folder(path.parent)


def _sync_folder(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _last_of(path: Path) -> Any:
    """The last whole line of a file, decoded; None where there is none."""
    try:
        with path.open("rb") as file:
            end, tail = file.seek(0, os.SEEK_END), b""
            while end:
                begin = max(0, end - _CHUNK_BYTES)
                file.seek(begin)
                tail, end = file.read(end - begin) + tail, begin
                found = [line for line in map(_decoded, tail.split(b"\n")[1 if end else 0:]) if line is not None]
                if found:
                    return found[-1]
    except FileNotFoundError:
        pass
    return None


def _decoded(line: bytes) -> Any:
    try:
        told = msgspec.json.decode(line) if line else None
    except msgspec.DecodeError:
        return None
    return told if isinstance(told, dict) else None


class Copy(msgspec.Struct, frozen=True):
    """What one host wrote to a second place."""

    name: str
    host: str
    checkpoints: list[Checkpoint]
    path: Path  # of its segments

    def segments(self) -> dict[int, tuple[Segment, int]]:
        """Each segment by its number, the last one told, and where in the file it is."""
        found: dict[int, tuple[Segment, int]] = {}
        if not self.path.exists():
            return found
        offset = 0
        with self.path.open("rb") as lines:
            for line in lines:
                told = _decoded(line)
                try:
                    if told is not None:
                        told.pop("leaves", None)
                        found[told["number"]] = segment_of(told), offset
                except (ValueError, KeyError, TypeError):
                    pass  # no segment: then it is not there, which a checkpoint tells
                offset += len(line)
        return found

    def leaves_at(self, offset: int) -> list[bytes] | None:
        """The digests of a segment's records; None where they are not there."""
        with self.path.open("rb") as file:
            file.seek(offset)
            told = _decoded(file.readline()) or {}
        try:
            data = base64.b64decode(str(told["leaves"]), validate=True)
        except (ValueError, KeyError):
            return None
        return [data[at:at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def copies_at(path: Path) -> list[Copy]:
    """The copies in a folder, or the one whose checkpoints a file holds; raises OSError, ValueError where none is."""
    files = sorted(path.glob("*" + CHECKPOINTS)) if path.is_dir() else [path]
    if not files:
        raise ValueError(f"{path}: expected a folder with files *{CHECKPOINTS}")
    return [_copy(file) for file in files]


def _copy(file: Path) -> Copy:
    host = file.name.removesuffix(CHECKPOINTS)
    checkpoints = []
    for line in file.read_bytes().split(b"\n"):
        told = _decoded(line)
        try:
            if told is not None:
                checkpoints.append(checkpoint_of(told))
        except ValueError:
            continue
    return Copy(str(file), host, checkpoints, file.with_name(host + SEGMENTS))
