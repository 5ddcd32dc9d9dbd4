"""Hear: what an application says of an exchange becomes a signal in the journal, and that is the reply."""

from collections.abc import Callable

import msgspec

from gateway.exchange import Clock, Exchange
from gateway.feedback import Feedback, feedback_of
from gateway.free_text import FreeText
from gateway.ids import IdMarks
from gateway.journal import Journal
from gateway.record import Signal
from gateway.refusal import NotFound, NotKept
from gateway.reply import AnsweredSource, Flow, Reply
from gateway.stages.stage import Step
from models.protocol.document import encode_document


class Hear(Step):
    """Takes feedback about exchanges of the caller's own tenant, whenever it comes: the id's mark says whose it is, and
    nothing else is asked. Whether it says anything new is the ledger's to find out."""

    def __init__(self, worker: str, journal: Journal, clock: Clock, marks: IdMarks, free_text: FreeText,
                 waiting: Callable[[Exchange], Flow] | None = None) -> None:
        """``waiting`` makes the flow that holds an answer until the signal is where it has to be, if anywhere."""
        self._worker = worker
        self._journal = journal
        self._clock = clock
        self._marks = marks
        self._free_text = free_text
        self._waiting = waiting

    def enter(self, exchange: Exchange) -> Reply:
        feedback = feedback_of(exchange.document)
        if not self._marks.has_marked(feedback.exchange_id, exchange.record.tenant):
            # Another tenant's and one that never was: nobody can tell the two apart.
            raise NotFound(f"There is no exchange {feedback.exchange_id[:100]!r}.", code="exchange_not_found",
                           param="exchange_id")
        signal = self._signal(exchange, self._cleared(feedback))
        if not self._journal.append(signal):
            raise NotKept("The feedback could not be written down.")
        return Reply(AnsweredSource(encode_document(_told(signal))))

    def leave(self, exchange: Exchange, reply: Reply) -> Reply:
        return reply if self._waiting is None else reply.through(self._waiting(exchange))

    def _cleared(self, feedback: Feedback) -> Feedback:
        value, comment = feedback.value, feedback.comment
        if isinstance(value, str):
            value = self._free_text.cleared(value, "value")
        if comment is not None:
            comment = self._free_text.cleared(comment, "comment")
        return msgspec.structs.replace(feedback, value=value, comment=comment)

    def _signal(self, exchange: Exchange, feedback: Feedback) -> Signal:
        return Signal(
            id=self._id(exchange, feedback), exchange_id=feedback.exchange_id, at=self._clock.wall(),
            kind="feedback", name=feedback.metric, worker=self._worker, tenant=exchange.record.tenant,
            value=feedback.number, body=_written(feedback))

    def _id(self, exchange: Exchange, feedback: Feedback) -> str:
        """As ``record.Signal`` has it: the request's own, behind what the caller's key and the body come to."""
        key = exchange.request.header(b"idempotency-key")
        if not key:
            return f"feedback-{exchange.id}"
        said = msgspec.json.encode([exchange.record.tenant, key, *msgspec.structs.astuple(feedback)])
        return f"feedback-{self._marks.hashed(said)}-{exchange.id}"


def _written(feedback: Feedback) -> dict[str, bool | float | str]:
    """The signal's body, in the clear. It is the one place that has what people wrote by hand."""
    written: dict[str, bool | float | str] = {"value": feedback.value}
    if feedback.comment is not None:
        written["comment"] = feedback.comment
    return written


def _told(signal: Signal) -> dict[str, object]:
    return {"object": "feedback", "id": signal.id, "exchange_id": signal.exchange_id, "metric": signal.name,
            **signal.body, "created_at": int(signal.at)}
