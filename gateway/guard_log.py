"""What the log is told of guards: blocks and failures. Never the text that they judged."""

from typing import Any, Protocol

from gateway.exchange import Exchange
from guardrails.verdict import Verdict


class GuardLog(Protocol):
    """Where it is told what guards did."""

    def info(self, event: str, **fields: Any) -> None: ...
    def warning(self, event: str, **fields: Any) -> None: ...


def log_guards(exchange: Exchange, log: GuardLog) -> None:
    """Tells of both sides; to be called when nothing more is found."""
    verdict = exchange.verdict
    if verdict is None:
        return
    if verdict.blocking is not None:
        finding = verdict.blocking.finding
        log.info("content_blocked", request_id=exchange.id, model=exchange.record.model, side=verdict.blocking.side,
                 guard=finding.detector, label=finding.label, score=finding.score)
    log_failures(exchange, verdict, log)


def log_failures(exchange: Exchange, verdict: Verdict, log: GuardLog) -> None:
    """Tells of the guards that could not decide."""
    for failure in verdict.failures:
        log.warning("guard_failed", request_id=exchange.id, model=exchange.record.model, side=failure.side,
                    guard=failure.guard, reason=failure.reason, outcome=exchange.record.outcome)
