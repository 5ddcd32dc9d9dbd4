"""Gathering: which requests are asked together, and when. One for each worker.

Those of one key wait for each other in one place, by the rule of ``models.batching``; a place is there while somebody
waits in it, or what it has sent is under way. Of a request that is alone nothing is noted but that it is there: should
another one come meanwhile, it gets its place afterwards.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence

from gateway.exchange import Clock, Exchange
from gateway.gathering.asking import Ask, Asker, Asking, AskingAlone, AskingTogether
from gateway.gathering.part import MOST_BYTES, OPERATION, Part, part_of
from gateway.gathering.tally import Gathered
from gateway.refusal import InternalError
from gateway.reply import SPENT, Flow, OwnSource, Source
from gateway.snapshot import Route
from gateway.telemetry.faults import FaultLog
from models.batching import Later, Pace, Queue


class Gathering:
    """``ask`` of a source makes what asks a model server for one exchange."""

    def __init__(self, clock: Clock, later: Later, log: FaultLog) -> None:
        self.counts: dict[str, Gathered] = {}  # by model
        self._clock = clock
        self._later = later
        self._log = log
        self._lone: dict[Route, Exchange] = {}  # of routes of which nothing else is open
        self._places: dict[Hashable, Place] = {}
        self._places_of: Counter[Route] = Counter()
        self._open: dict[Exchange, Callable[[], None]] = {}  # what has to be done when it ends

    def __repr__(self) -> str:
        return f"<Gathering of {len(self._open) + len(self._lone)} requests in {len(self._places)} places>"

    def source(self, exchange: Exchange, ask: Ask) -> Source:
        """Where the exchange's reply comes from."""
        route = exchange.route
        if route.gather is None or exchange.request.operation.name != OPERATION:
            return ask(exchange)
        if route not in self._places_of:
            first = self._lone.get(route)
            if first is None:
                self._lone[route] = exchange
                self._counts_of(route).went_alone()
                return ask(exchange)
            self._place_afterwards(first, ask)
        part = part_of(exchange)
        if part is None:
            return ask(exchange)
        waiter = Waiter(exchange, part, lambda: self._place(part, route, ask), self._over)
        self._open[exchange] = waiter.cancel
        return waiter

    def settle(self, exchange: Exchange) -> None:
        """Nobody waits for it any more, whatever happened."""
        if self._lone.get(exchange.route) is exchange:
            del self._lone[exchange.route]
            return
        ends = self._open.pop(exchange, None)
        if ends is not None:
            ends()

    def _place_afterwards(self, first: Exchange, ask: Ask) -> None:
        """It is not alone any more: others like it wait until it is over."""
        part = part_of(first)
        if part is not None:
            del self._lone[first.route]
            self._open[first] = self._place(part, first.route, ask).adopt()

    def _over(self, exchange: Exchange) -> None:
        self._open.pop(exchange, None)

    def _place(self, part: Part, route: Route, ask: Ask) -> "Place":
        return self._places.get(part.key) or self._open_place(part.key, route, ask)

    def _open_place(self, key: Hashable, route: Route, ask: Ask) -> "Place":
        def closed() -> None:
            if self._places.get(key) is place:
                del self._places[key]
                self._places_of[route] -= 1
                if not self._places_of[route]:
                    del self._places_of[route]

        settings = route.gather
        assert settings is not None  # else there is no part, and no key
        place = self._places[key] = Place(settings.inputs, settings.wait, ask, self._counts_of(route), self._clock,
                                          self._later, self._log, closed)
        self._places_of[route] += 1
        return place

    def _counts_of(self, route: Route) -> Gathered:
        counts = self.counts.get(route.model)
        if counts is None:
            counts = self.counts[route.model] = Gathered()
        return counts


class Place:
    """Where requests of one key wait for each other."""

    def __init__(self, most_inputs: int, patience: float, ask: Ask, counts: Gathered, clock: Clock, later: Later,
                 log: FaultLog, closed: Callable[[], None]) -> None:
        self._line: Queue[Waiter] = Queue(most_inputs, MOST_BYTES)
        self._pace = Pace(self._line, self._send, time=clock.time, later=later, patience=patience, on_idle=closed)
        self._ask = ask
        self._counts = counts
        self._now = clock.time
        self._log = log

    def __repr__(self) -> str:
        return f"<Place {self._pace!r}>"

    def adopt(self) -> Callable[[], None]:
        """One is under way that was not sent from here; what is returned has to be called once it is over."""
        self._pace.went()
        return lambda: self._pace.returned(shared=False)

    def join(self, waiter: "Waiter") -> None:
        waiter.since = self._now()
        self._line.add(waiter, len(waiter.part.inputs), waiter.part.size)
        self._pace.arrived()

    def drop(self, waiter: "Waiter") -> None:
        """It has left before it was sent."""
        self._line.remove(waiter)
        self._pace.left()

    def _send(self, batch: Sequence["Waiter"]) -> None:
        now = self._now()
        self._counts.sent(len(batch))
        for waiter in batch:
            self._counts.waited(now - waiter.since)
        if len(batch) > 1:
            self._begin(batch, AskingTogether(batch, self._ask, self._returned(shared=True), self._again, self._log))
        else:
            self._begin(batch, AskingAlone(batch[0], self._ask, self._returned(shared=False)))

    def _begin(self, batch: Sequence["Waiter"], asking: AskingAlone | AskingTogether) -> None:
        for waiter in batch:
            waiter.asking = asking
        try:
            asking.begin()
        except Exception as error:  # a bug: whoever waits has to be told
            self._log.fault("reply_failed", error, request_id=batch[0].exchange.id)
            asking.fail(InternalError("The gateway failed."))

    def _returned(self, *, shared: bool) -> Callable[[], None]:
        return lambda: self._pace.returned(shared=shared)

    def _again(self, waiters: Sequence[Asker]) -> None:
        """Each by itself, at once: it has waited enough."""
        self._counts.again += len(waiters)
        for waiter in waiters:
            assert isinstance(waiter, Waiter)
            self._begin([waiter], AskingAlone(waiter, self._ask, _nothing))


class Waiter(OwnSource):
    """The source of a reply that may be asked for together with others.

        waiting ──its turn──▶ asking ──▶ over
           └────── its client leaves ─────▲
    """

    def __init__(self, exchange: Exchange, part: Part, find_place: Callable[[], Place],
                 on_over: Callable[[Exchange], None]) -> None:
        self.exchange = exchange
        self.part = part
        self.flow: Flow = SPENT
        self.since = 0.0
        self.asking: Asking | None = None
        self._find_place = find_place
        self._place: Place | None = None
        self._on_over = on_over
        self._over = False

    def begin(self, flow: Flow) -> None:
        self.flow = flow
        self._place = self._find_place()
        self._place.join(self)

    def cancel(self) -> None:
        if self._over:
            return
        if self.asking is not None:
            self.asking.leave(self)
            return
        self.is_over()
        if self._place is not None:
            self._place.drop(self)

    def is_over(self) -> None:
        self._over = True
        self._on_over(self.exchange)


def _nothing() -> None: ...
