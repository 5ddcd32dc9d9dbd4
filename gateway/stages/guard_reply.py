"""GuardReply: what the model answers passes the guards before anyone else sees it."""

from gateway.exchange import Clock, Exchange
from gateway.guarded_reply import GuardedReply
from gateway.reply import Reply
from gateway.stages.stage import Step
from guardrails.inspection import Inspector
from guardrails.verdict import Verdict

# Judges nothing: for a reply that is only to get its pseudonyms back, or that only a shadow policy looks at.
_NOBODY = Inspector("reply", [], None)


class GuardReply(Step):
    """Puts a flow in the way of replies that a model has written: by policy, and where pseudonyms were given away."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def leave(self, exchange: Exchange, reply: Reply) -> Reply:
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
