"""Faults of our own in the log: where they happened, never what was in hand.

An exception's text may quote a request, and a traceback's locals hold it: only the type and the places are written.
"""

import traceback

from gateway.telemetry.logs import Log


class Faults:
    """Writes faults to a log."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def fault(self, event: str, error: BaseException, *, request_id: str) -> None:
        places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}"
                  for frame in traceback.extract_tb(error.__traceback__)]
        self._log.error(event, request_id=request_id, error=type(error).__name__, at_places=places)
