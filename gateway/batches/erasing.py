"""Erasing: lines of a subject go from its tenant's files, and from what running batches will leave.

A file is written anew without them and takes the place of the old one. A batch that runs has its input and its results
to itself until it ends, within a day: whoever writes its output asks who has been erased meanwhile.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from typing import Any

import msgspec

from gateway.batches.file_store import FileStore, StoredFile
from gateway.batches.pace import gently
from gateway.batches.place import Place, replace_whole
from gateway.batches.scanning import lines_of
from gateway.batches.sealing import Damaged, Notes
from gateway.user import user_of

REMEMBERED_SECONDS = 48 * 3600.0  # longer than any batch runs
_ABOUT = "erased subjects"
INPUT = "batch"

Subject = Callable[[str, str], str]
Goes = Callable[[bytes], bool]


class _Asked(msgspec.Struct):
    body: dict[str, Any] = {}


class _Response(msgspec.Struct):
    request_id: str = ""


class _Answered(msgspec.Struct):
    response: _Response | None = None


_asked = msgspec.json.Decoder(_Asked).decode
_answered = msgspec.json.Decoder(_Answered).decode


class Erased:
    """Which of a tenant's subjects and exchanges were erased of late, and when, in Unix seconds. To be asked in a
    thread."""

    def __init__(self, place: Place, secret: bytes) -> None:
        self._place = place
        self._notes = Notes(secret)

    def of(self, tenant: str) -> dict[str, float]:
        """By pseudonym, or by an exchange's id."""
        with suppress(FileNotFoundError):
            data = (self._place.folder / "erased" / self._place.tenant(tenant)).read_bytes()
            return msgspec.json.decode(self._notes.opened(data, _ABOUT), type=dict[str, float])
        return {}

    def note(self, tenant: str, names: Iterable[str], now: float) -> None:
        kept = {name: at for name, at in self.of(tenant).items() if now - at < REMEMBERED_SECONDS}
        path = self._place.folder / "erased" / self._place.tenant(tenant)
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_whole(path, self._notes.closed(msgspec.json.encode(kept | dict.fromkeys(names, now)), _ABOUT))


class Erasing:
    """The whole of it; in a thread. Raises OSError, Damaged."""

    def __init__(self, files: FileStore, erased: Erased, subject_of: Subject, wall: Callable[[], float]) -> None:
        self._files = files
        self._erased = erased
        self._subject_of = subject_of
        self._wall = wall

    def erase(self, tenant: str, subject: str, exchanges: Collection[str]) -> int:
        """Removes the lines that ask for the subject, and those that answer one of ``exchanges``, which are its own;
        returns how many. Without a subject it is about these exchanges alone. A file that cannot be read is left: who
        has the key cannot read it either."""
        removed = 0
        # First: what is written from now on is without it.
        self._erased.note(tenant, [subject] if subject else exchanges, self._wall())
        for file in list(self._files.newest_first(tenant)):
            with suppress(Damaged):
                removed += self._rewrite(file, self._goes(file, subject, exchanges))
        return removed

    def _goes(self, file: StoredFile, subject: str, exchanges: Collection[str]) -> Goes:
        if file.purpose != INPUT:
            return lambda line: _exchange_in(line) in exchanges
        return lambda line: bool(subject) and subject_in(line, file.tenant, self._subject_of) == subject

    def _rewrite(self, file: StoredFile, goes: Goes) -> int:
        """Returns how many lines went. Where that is none, the file stays as it is."""
        count = sum(map(goes, self._lines(file)))
        if count:
            draft = self._files.draft(file.tenant, file.id)
            try:
                for line in self._lines(file):
                    if not goes(line):
                        draft.write(line + b"\n")
                draft.publish(file.filename, file.purpose, file.expires_at, file.created_at)
            except BaseException:
                draft.discard()
                raise
        return count

    def _lines(self, file: StoredFile) -> Iterator[bytes]:
        reader = self._files.open(file.tenant, file.id)
        if reader is None:  # deleted meanwhile
            return
        try:
            yield from (line for _, _, line in gently(lines_of(reader, file.bytes)))
        finally:
            reader.close()


def subject_in(line: bytes, tenant: str, subject_of: Subject) -> str:
    """For whom a line of an input is asked, by pseudonym; empty where it does not say, or is no line to be asked."""
    try:
        user = user_of(_asked(line).body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    return subject_of(tenant, user) if user else ""


def _exchange_in(line: bytes) -> str:
    """By which exchange a line of an output was answered."""
    try:
        response = _answered(line).response
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    return response.request_id if response is not None else ""
