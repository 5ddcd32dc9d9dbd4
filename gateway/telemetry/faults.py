"""Faults of our own in the log: where they happened, never what was in hand.

An exception's text may quote a request, and a traceback's locals hold it: only the type and the places are written.
"""

from typing import Protocol

from gateway.telemetry.logs import Log, places_of


class FaultLog(Protocol):
    """Where a fault of our own goes."""

    def fault(self, event: str, error: BaseException, *, request_id: str) -> None: ...


class Faults:
    """Writes faults to a log."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def fault(self, event: str, error: BaseException, *, request_id: str) -> None:
        self._log.error(event, request_id=request_id, error=type(error).__name__, at_places=places_of(error))
