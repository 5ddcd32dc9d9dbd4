"""One call for what several clients have asked, or for one of them, from its sending to the last answer.

    asking ──a reply that can be shared out──▶ each has its own
       │
       ├── refused for what was asked (4xx), or a reply that cannot be shared out ──▶ each is asked again, alone
       ├── any other error, once Inference has tried what it may ──▶ all are told so
       └── the last of them has left ──▶ the server is let go
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from gateway.breaking import break_off
from gateway.exchange import Exchange
from gateway.gathering.part import Part, joint_exchange
from gateway.gathering.shares import Claim, Odd, Share, shares_of
from gateway.inference import Inference
from gateway.record import Attempt
from gateway.refusal import Refusal
from gateway.reply import Flow, Head
from gateway.telemetry.faults import FaultLog

Ask = Callable[[Exchange], Inference]


class Asker(Protocol):
    """Who waits for a reply: an exchange, what it asks, and where its reply goes."""

    exchange: Exchange
    part: Part
    flow: Flow

    def is_over(self) -> None:
        """Nothing follows."""


class Asking(Protocol):
    """A call, for those who are in it."""

    def leave(self, asker: Asker) -> None: ...


class AskingAlone(Flow):
    """A request as it would have gone without any gathering. Tells when it is over; changes nothing."""

    __slots__ = ("_asker", "_inference", "_over")

    def __init__(self, asker: Asker, ask: Ask, over: Callable[[], None]) -> None:
        self.next = asker.flow
        self._asker = asker
        self._over = over
        self._inference = ask(asker.exchange)

    def begin(self) -> None:
        self._inference.begin(self)

    def end(self, last: bytes) -> None:
        self._asker.is_over()
        try:
            self.next.end(last)
        finally:
            self._over()

    def fail(self, refusal: Refusal) -> None:
        self._asker.is_over()
        try:
            self.next.fail(refusal)
        finally:
            self._over()

    def leave(self, asker: Asker) -> None:
        asker.is_over()
        try:
            self._inference.cancel()
        finally:
            self._over()


class AskingTogether(Flow):
    """``again`` is given those whose requests have to be asked each by itself."""

    __slots__ = ("_again", "_askers", "_exchange", "_head", "_inference", "_log", "_open", "_over", "_there")

    def __init__(self, askers: Sequence[Asker], ask: Ask, over: Callable[[], None],
                 again: Callable[[Sequence[Asker]], None], log: FaultLog) -> None:
        self._askers = askers
        self._there = list(askers)
        self._open = True
        self._over = over
        self._again = again
        self._log = log
        self._head = Head(200, [])
        self._exchange = joint_exchange([one.exchange for one in askers], [one.part for one in askers], self)
        self._inference = ask(self._exchange)

    def begin(self) -> None:
        self._inference.begin(self)
        for asker in self._there:
            asker.exchange.sent_upstream_at = self._exchange.sent_upstream_at

    def leave(self, asker: Asker) -> None:
        """Its part goes on for the others; with the last of them the server is let go."""
        asker.is_over()
        self._there.remove(asker)
        if self._there:
            self._note(asker, self._inference.attempts_if_cancelled(), follows=True)
            return
        try:
            self._inference.cancel()
            self._note(asker, self._exchange.record.attempts, follows=False)
        finally:
            self._close()

    # What the call brings

    def head(self, head: Head) -> None:
        self._head = head

    def frame(self, frame: bytes) -> None:
        """A stream, for which nobody has asked."""
        self._inference.cancel()
        self._ask_again()

    def end(self, last: bytes) -> None:
        status = self._head.status
        if status == 429 or status >= 500:
            self._tell_all(lambda flow: self._pass_on(flow, last))
        elif status >= 400:
            self._ask_again()  # one of them is at fault, and nobody says which
        else:
            self._share_out(last)

    def fail(self, refusal: Refusal) -> None:
        self._tell_all(lambda flow: flow.fail(refusal))

    def _share_out(self, body: bytes) -> None:
        claims = [Claim(one.exchange.id, len(one.part.inputs), one.part.weight) for one in self._askers]
        try:
            shares = shares_of(body, claims, self._exchange.id)
        except Odd:
            self._ask_again()
            return
        share_of = dict(zip(map(id, self._askers), shares, strict=True))
        for asker in self._there:
            _note_usage(asker.exchange, share_of[id(asker)])
        self._answer(lambda asker: self._pass_on(asker.flow, share_of[id(asker)].body))

    def _pass_on(self, flow: Flow, body: bytes) -> None:
        flow.head(Head(self._head.status, list(self._head.headers)))
        flow.end(body)

    # Ends

    def _ask_again(self) -> None:
        there = self._noted()
        self._again(there)
        self._close()

    def _tell_all(self, tell: Callable[[Flow], None]) -> None:
        self._answer(lambda asker: tell(asker.flow))

    def _answer(self, answer: Callable[[Asker], None]) -> None:
        there = self._noted()
        for asker in there:
            asker.is_over()
        for asker in there:
            try:
                answer(asker)
            except Exception as error:  # a bug on this reply's way is no other client's business
                break_off(asker.exchange, self._log, error)
        self._close()

    def _noted(self) -> list[Asker]:
        """Those who are still there, and are let go: each has the attempts in its record."""
        there, self._there = self._there, []
        for place, asker in enumerate(there):
            self._note(asker, self._exchange.record.attempts, follows=place > 0)
        return there

    def _note(self, asker: Asker, attempts: Sequence[Attempt], *, follows: bool) -> None:
        exchange, others = asker.exchange, len(self._askers) - 1
        exchange.record.attempts.extend(
            msgspec.structs.replace(attempt, others=others, follows=follows) for attempt in attempts)
        exchange.record.arm_served = self._exchange.record.arm_served
        exchange.upstream_done_at = self._exchange.upstream_done_at

    def _close(self) -> None:
        if self._open:
            self._open = False
            self._over()


def _note_usage(exchange: Exchange, share: Share) -> None:
    usage, record = share.usage, exchange.record
    if usage is not None:
        record.prompt_tokens, record.completion_tokens = usage.prompt_tokens, usage.completion_tokens
        record.cached_tokens, record.usage_source = usage.cached_tokens, "apportioned"
