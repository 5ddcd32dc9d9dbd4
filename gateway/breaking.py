"""Breaking off: how a reply ends where a bug of ours is on its way."""

from gateway.exchange import Exchange
from gateway.refusal import InternalError
from gateway.telemetry.faults import FaultLog


def break_off(exchange: Exchange, log: FaultLog, error: Exception) -> None:
    """The flows may be what is broken, so the edge alone ends the reply. Its source must have been let go."""
    log.fault("reply_failed", error, request_id=exchange.id)
    refusal = InternalError("The gateway failed.")
    exchange.conclude(refusal.outcome, refusal.blame, refusal.code)
    if not exchange.settled:
        exchange.edge.fail(refusal)
