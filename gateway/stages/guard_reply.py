"""GuardReply: what the model answers passes the guards before anyone else sees it."""

from gateway.afterwards import Afterwards
from gateway.exchange import Clock, Exchange
from gateway.gate import Gate
from gateway.guarded_reply import GuardedReply, Means
from gateway.reply import Reply
from gateway.snapshot import Route
from gateway.stages.stage import Step
from gateway.telemetry.faults import FaultLog
from gateway.valve import Valve
from guardrails.inspection import Inspector
from guardrails.slow_reading import Room
from guardrails.verdict import Verdict

# Judges nothing: for a reply that is only to get its pseudonyms back, or that only a shadow policy looks at.
_NOBODY = Inspector("reply", [], None)
# Readings of replies by slow guards that may be at work at once, for each worker.
SLOW_SEATS = 64


class GuardReply(Step):
    """Puts a flow in the way of replies that a model has written: by policy, and where pseudonyms were given away. Of
    any reply the first frame waits while guards judge the request beside the model."""

    def __init__(self, clock: Clock, log: FaultLog, afterwards: Afterwards, *, slow_seats: int = SLOW_SEATS) -> None:
        self._clock = clock
        self._log = log
        self._afterwards = afterwards
        self._room = Room(slow_seats)

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
            (shadow.reply, exchange.shadow_verdict()) if shadow is not None and shadowed else None, self._clock.time,
            self._means(route, reply)))

    def _means(self, route: Route, reply: Reply) -> Means | None:
        """For replies that slow guards judge."""
        policies = [one for one in (route.guards, route.shadow_guards) if one is not None]
        if not any(one.reply.slow for one in policies):
            return None
        reply.source = valve = Valve(reply.source)
        return Means(self._room, policies[0].deadline_seconds, valve, self._afterwards, self._log)
