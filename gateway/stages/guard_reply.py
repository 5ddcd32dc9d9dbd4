"""GuardReply: what the model answers passes the guards before anyone else sees it."""

from gateway.exchange import Clock, Exchange
from gateway.gate import Gate
from gateway.guarded_reply import GuardedReply
from gateway.reply import Reply
from gateway.stages.stage import Step
from gateway.telemetry.faults import FaultLog
from guardrails.inspection import Inspector
from guardrails.verdict import Verdict

# Judges nothing: for a reply that is only to get its pseudonyms back, or that only a shadow policy looks at.
_NOBODY = Inspector("reply", [], None)


class GuardReply(Step):
    """Puts a flow in the way of replies that a model has written: by policy, and where pseudonyms were given away. Of
    any reply the first frame waits while guards judge the request beside the model."""

    def __init__(self, clock: Clock, log: FaultLog) -> None:
        self._clock = clock
        self._log = log

    def leave(self, exchange: Exchange, reply: Reply) -> Reply:
        if exchange.beside is not None:
            reply.source = Gate(exchange, reply.source, exchange.beside, self._log)
        route = exchange.route
        if route is None or exchange.request.operation.stream == "none":
            return reply
        guards, shadow = route.guards, route.shadow_guards
        judged = guards is not None and guards.reply.judges
        shadowed = shadow is not None and shadow.reply.judges
        if not (judged or shadowed or exchange.pseudonyms):
            return reply
        if exchange.verdict is None:
            exchange.verdict = Verdict()
        return reply.through(GuardedReply(
            exchange, guards.reply if guards is not None else _NOBODY, exchange.verdict,
            (shadow.reply, exchange.shadow_verdict()) if shadow is not None and shadowed else None, self._clock.time))
