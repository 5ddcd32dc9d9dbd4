"""Afterwards: guards that nobody waits for. They can tell, and change nothing.

What they find stands in the exchange's record where it comes in time; else in signals of its own, which the journal
brings to the ledger behind it.
"""

import msgspec

from gateway.exchange import Clock, Exchange
from gateway.guard_log import GuardLog, log_failures
from gateway.guard_notes import notes_by_guard
from gateway.journal import Journal
from gateway.judging import Judging
from gateway.record import Signal
from guardrails.examination import Examination
from guardrails.guard import Side
from guardrails.slow_reading import Room

SEATS = 64


class Afterwards:
    """Those of one worker. They have seats of their own: what may wait takes none from what is waited for."""

    def __init__(self, worker: str, journal: Journal, clock: Clock, log: GuardLog, seats: int = SEATS) -> None:
        self._worker = worker
        self._journal = journal
        self._clock = clock
        self._log = log
        self._room = Room(seats)
        self._running: dict[Judging, tuple[Exchange, Side]] = {}

    @property
    def running(self) -> int:
        """How many exchanges are still judged."""
        return len(self._running)

    def begin(self, exchange: Exchange, side: Side, live: Examination | None, shadow: Examination | None,
              seconds: float) -> None:
        """Lets the guards of the place ``after`` judge, for ``seconds`` at most."""
        judging = Judging(live, shadow, "after", self._room, seconds, self._clock.time)
        self._running[judging] = exchange, side
        judging.then(lambda: self._tell(judging))

    def close(self) -> None:
        """Ends what is still running; each guard that was cut short has failed, and is told as such."""
        for judging in list(self._running):
            judging.cut_short()
            self._tell(judging)

    def _tell(self, judging: Judging) -> None:
        exchange, side = self._running.pop(judging)
        told = judging.told(side)
        self._say(exchange, side, judging)
        if not exchange.recorded:
            exchange.late += told
            return
        for name, notes in notes_by_guard(exchange, told):
            self._journal.append(Signal(
                id=f"{exchange.id}:{side}:{name}", exchange_id=exchange.id, at=self._clock.wall(), kind="guard",
                name=name, worker=self._worker, body=msgspec.structs.asdict(notes)))

    def _say(self, exchange: Exchange, side: Side, judging: Judging) -> None:
        verdict = judging.live.verdict if judging.live is not None else None
        if verdict is None:
            return
        for _, guard, action in verdict.counts:
            if action == "flag":
                self._log.info("found_afterwards", request_id=exchange.id, model=exchange.record.model, side=side,
                               guard=guard)
        log_failures(exchange, verdict, self._log)
