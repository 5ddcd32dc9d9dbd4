"""The book of the lines: what Account writes their records into. The result of a line comes first."""

from collections.abc import Callable
from typing import Protocol

from gateway.batches.line_call import LineCall
from gateway.batches.ruling import FINAL
from gateway.record import Entry, ExchangeRecord
from gateway.stages.account import Book


class Journaling(Book, Protocol):
    """The journal, as it is needed here."""

    def append_again(self, entry: Entry) -> bool: ...


Keep = Callable[[LineCall, ExchangeRecord], None]


class LineBook:
    """Stands before the journal. Result and record are written in one turn of the event loop, one after the other, and
    no other line's in between: see gateway.batches.results."""

    def __init__(self, journal: Journaling) -> None:
        self._journal = journal
        self._open: dict[str, tuple[LineCall, Keep]] = {}

    @property
    def full(self) -> bool:
        return self._journal.full

    def open(self, call: LineCall, keep: Keep) -> None:
        """``keep`` writes the result of a line that came to its end; it raises OSError."""
        self._open[call.exchange.id] = call, keep

    def close(self, call: LineCall) -> None:
        self._open.pop(call.exchange.id, None)

    def append_again(self, record: ExchangeRecord) -> None:
        """One that another run may not have come to."""
        self._journal.append_again(record)

    def append(self, entry: Entry) -> bool:
        if isinstance(entry, ExchangeRecord) and entry.id in self._open:
            self._keep(*self._open[entry.id], entry)
        return self._journal.append(entry)

    def _keep(self, call: LineCall, keep: Keep, record: ExchangeRecord) -> None:
        if call.ruling is not FINAL:
            return
        try:
            keep(call, record)
        except OSError:  # it will be asked again: what this answer has cost is told as a failure of ours
            call.unstored = True
            record.outcome, record.blame, record.code = "failed", "gateway", "result_not_stored"
