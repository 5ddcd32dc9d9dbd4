"""Confirmed: a reply whose end waits until the disk has its record (``durability: disk``)."""

from collections.abc import Callable

from gateway.breaking import break_off
from gateway.exchange import Exchange
from gateway.group_commit import GroupCommit
from gateway.refusal import JournalUnavailable, Refusal
from gateway.reply import Flow
from gateway.telemetry.faults import FaultLog


class Confirmed(Flow):
    """Stands behind the flow that writes the record. What comes before the end passes at once; so the client waits for
    the disk once, and only for the last frame. The exchange is in flight until then.

    Where no disk takes the record, the end goes out all the same; or, where ``strict``, a failure does in its place.
    """

    __slots__ = ("_commit", "_exchange", "_held", "_log", "_strict")

    def __init__(self, exchange: Exchange, commit: GroupCommit, strict: bool, log: FaultLog) -> None:
        self._exchange = exchange
        self._commit = commit
        self._strict = strict
        self._log = log
        self._held = False

    def end(self, last: bytes) -> None:
        self._hold(lambda: self.next.end(last))

    def fail(self, refusal: Refusal) -> None:
        self._hold(lambda: self.next.fail(refusal))

    def _hold(self, let_go: Callable[[], None]) -> None:
        if not self._held:  # else its end is on its way already: what would cut it short comes too late
            self._held = True
            self._commit.after(lambda confirmed: self._go_on(let_go, confirmed))

    def _go_on(self, let_go: Callable[[], None], confirmed: bool) -> None:
        if self._exchange.settled:  # the client left meanwhile
            return
        try:
            if confirmed or not self._strict:
                let_go()
            else:
                self.next.fail(JournalUnavailable("The record of this request could not be brought to the disk."))
        except Exception as error:  # a bug on the reply's way: the client must not wait for ever
            break_off(self._exchange, self._log, error)
