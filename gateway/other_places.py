"""Other places: which server is asked next when one fails before it has sent a byte to the client."""

from collections.abc import Callable, Iterator

from gateway.exchange import Exchange
from gateway.snapshot import Target
from models.endpoint import Endpoint
from routing.balancing import choose


class OtherPlaces:
    """The servers to ask after the first has failed, one after the other.

    Another endpoint of the assigned version comes once; then each fallback version, in its order. The same endpoint is
    asked again only where there is no other and its connection had been open before: then most likely the server had
    just closed it, and never saw the request.
    """

    def __init__(self, exchange: Exchange, first: Endpoint, random: Callable[[], float]) -> None:
        self._exchange = exchange
        self._random = random
        self._tried = [first]
        self._stale = False
        self._places = self._plan()

    def next(self, *, stale: bool) -> tuple[Target, Endpoint] | None:
        """The next place, or None. ``stale`` tells that the last one failed on a connection that had been idle."""
        self._stale = stale
        place = next(self._places, None)
        if place is not None:
            self._tried.append(place[1])
        return place

    def _plan(self) -> Iterator[tuple[Target, Endpoint]]:
        route, held = self._exchange.route, self._exchange.held_endpoint
        target = route.targets[self._exchange.record.arm_assigned]
        others = () if held else self._untried(target)
        if others:
            yield target, choose(others, self._random)
        elif self._stale:
            yield target, self._tried[0]
        if held:
            return  # no other server has the state
        for version in route.fallback:
            if version != target.version.name and (untried := self._untried(route.targets[version])):
                yield route.targets[version], choose(untried, self._random)

    def _untried(self, target: Target) -> tuple[Endpoint, ...]:
        return tuple(endpoint for endpoint in target.endpoints if endpoint not in self._tried)
