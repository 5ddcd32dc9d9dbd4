"""What writers counted: which entries are missing, and which come again."""

from gateway.record import Entry

_NONE = range(0)


class Sequences:
    """The last of each worker's writer. A writer whose beginning was not seen begins with the first entry that was."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[str, int]] = {}  # by worker: its lives come one after the other

    def note(self, worker: str, entry: Entry) -> range | None:
        """The places that are missing before an entry, mostly none; None where it has been seen already."""
        if not entry.sequence:  # of a release that did not count
            return _NONE
        writer, last = self._last.get(worker, ("", 0))
        if entry.writer != writer:
            self._last[worker] = entry.writer, entry.sequence
            return _NONE
        if entry.sequence <= last:
            return None
        self._last[worker] = writer, entry.sequence
        return range(last + 1, entry.sequence)
