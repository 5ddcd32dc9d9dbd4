"""Assign: chooses the version, and records by what chance; finds the server where state is asked for again."""

from gateway.endpoint_mark import endpoint_marked
from gateway.exchange import Exchange
from gateway.refusal import NotFound
from gateway.snapshot import Route
from gateway.stages.stage import Step
from gateway.user import user_of


class Assign(Step):
    """Assignment is a hash of the unit: no state, and the same on every worker of every host."""

    def enter(self, exchange: Exchange) -> None:
        route, record = exchange.route, exchange.record
        if route.pinned:
            record.unit_kind, record.arm_assigned, record.propensity = "pinned", route.pinned, 1.0
        else:
            record.unit_kind, unit = unit_of(exchange, route)
            assignment = route.assigner.assign(unit)
            record.arm_assigned = assignment.version
            record.propensity = assignment.propensity
            record.unit_fraction = assignment.fraction
        if exchange.request.operation.stateful:
            _follow_state(exchange, route)
        record.arm_served = record.arm_assigned
        record.version_digest = route.targets[record.arm_assigned].digest


def unit_of(exchange: Exchange, route: Route) -> tuple[str, str]:
    """The kind of the unit and the unit. One that the request does not tell is the request itself."""
    sticky = route.sticky
    if sticky == "user":
        unit = user_of(exchange.document)
        if unit:
            return "user", unit
    elif sticky == "key":
        if exchange.record.key:
            return "key", exchange.record.key
    elif sticky != "request":
        unit = exchange.request.header(sticky.removeprefix("header:").lower().encode("latin-1"))
        if unit:
            return "header", unit
    return "request", exchange.id


def _follow_state(exchange: Exchange, route: Route) -> None:
    """A request that goes on from an earlier response goes where that one is remembered, whatever its split says."""
    previous = exchange.document.get("previous_response_id")
    mark = endpoint_marked(previous) if isinstance(previous, str) else ""
    if not mark:
        return
    for version, target in route.targets.items():
        for endpoint in target.endpoints:
            if endpoint.mark == mark:
                exchange.held_endpoint = endpoint
                exchange.record.arm_assigned = version
                exchange.record.unit_kind, exchange.record.propensity = "state", 1.0
                return
    raise NotFound(f"Response with id {str(previous)[:100]!r} not found: the server that held it is gone.",
                   code="state_not_found", param="previous_response_id")
