"""The lines of one batch that are being asked."""

from collections import Counter
from collections.abc import Awaitable, Callable

from gateway.batches.agenda import Agenda
from gateway.batches.batch import Batch
from gateway.batches.line import ENDPOINTS, Line, read_line
from gateway.batches.line_call import LineCall
from gateway.batches.results import Results
from gateway.batches.surroundings import Surroundings
from gateway.exchange import Request, begin_exchange
from gateway.record import ExchangeRecord

AHEAD = 2  # lines of a model that wait for their turn: enough that one is ready when there is room
MOST_OPEN = 512
DISK_SECONDS = 5.0  # until a disk that was full is tried again
_HEADERS = [(b"content-type", b"application/json")]

Read = Callable[[int], Awaitable[bytes]]


class OpenLines:
    """Opens lines as long as there are some for which there may soon be room, and sees to what becomes of each: it is
    in ``results``, or on the agenda again."""

    def __init__(self, batch: Batch, agenda: Agenda, results: Results, read: Read, around: Surroundings,
                 wake: Callable[[], None]) -> None:
        """``read`` gives a line as it was written; ``wake`` is called when there may be room for another."""
        self._batch = batch
        self._agenda = agenda
        self._results = results
        self._read = read
        self._around = around
        self._wake = wake
        self._calls: set[LineCall] = set()
        self._waiting: Counter[int] = Counter()  # by model: lines that wait for their turn
        self._tries: Counter[int] = Counter()
        self._sent_away: Counter[int] = Counter()
        self._waiting_since: dict[int, float] = {}
        self._closed = False

    def __len__(self) -> int:
        return len(self._calls)

    async def fill(self, until: float) -> None:
        """Opens what may be opened, up to that moment (monotonic seconds)."""
        while not self._closed and len(self._calls) < MOST_OPEN:
            now = self._around.clock.time()
            line = self._agenda.next(now, lambda model: self._waiting[model] < AHEAD) if now < until else None
            if line is None:
                return
            try:
                written = await self._read(line)
            except BaseException:
                self._agenda.put_back(line)
                raise
            if not self._closed:
                self._ask(line, read_line(written))

    def _ask(self, line: int, written: Line) -> None:
        around, clock = self._around, self._around.clock
        now = clock.time()
        call = LineCall(line, written.custom_id, self._tries[line] + 1, self._sent_away[line],
                        self._waiting_since.setdefault(line, now), self)
        request = Request(ENDPOINTS[self._batch.endpoint], _HEADERS, bytes(written.body))
        exchange = call.exchange = begin_exchange(
            around.marks.marked(around.new_id(), self._batch.tenant), request, around.snapshot(), call,
            began_at=now, started_at=clock.wall())
        record = exchange.record
        record.purpose, record.batch = "batch", self._batch.id
        record.tenant, record.key = self._batch.tenant, self._batch.key
        self._calls.add(call)
        self._waiting[self._agenda.model_of(line)] += 1
        around.book.open(call, self._keep)
        around.pipeline.start(exchange)

    def _keep(self, call: LineCall, record: ExchangeRecord) -> None:
        self._results.append(call.result(record))

    def at_work(self, call: LineCall) -> None:
        """It has a place: another one may wait."""
        self._waiting[self._agenda.model_of(call.line)] -= 1
        self._wake()

    def ended(self, call: LineCall) -> None:
        """The reply is there, its result and its record are written."""
        if call not in self._calls:
            return
        exchange = call.exchange
        self._forget(call)
        self._around.pipeline.settle(exchange)
        agenda, line, now = self._agenda, call.line, self._around.clock.time()
        model = agenda.model_of(line)
        ruling = call.ruling
        assert ruling is not None
        if call.unstored:
            agenda.later(line, now + DISK_SECONDS)
        elif ruling.final:
            agenda.answered(model)
        elif ruling.is_full:
            agenda.put_back(line)
            agenda.rest(model, now, ruling.pause_seconds)
        else:
            self._tries[line] += 1
            agenda.later(line, now + ruling.pause_seconds)
        self._wake()

    def yielded(self, call: LineCall) -> None:
        """Somebody who waits has come to its server."""
        if call not in self._calls:
            return  # it stays for those who ask the same: they wait
        self._sent_away[call.line] += 1
        self._break_off(call, "preempted")
        self._wake()

    def close(self, code: str) -> None:
        """Gives up what is open, and opens no more."""
        self._closed = True
        for call in list(self._calls):
            self._break_off(call, code)

    def _break_off(self, call: LineCall, code: str) -> None:
        """Ends an exchange that is open still; its line is the next again, unless its result is there and only its end
        was on the way (``durability: disk``)."""
        exchange = call.exchange
        exchange.conclude("abandoned", "", code)
        self._around.pipeline.abandon(exchange)
        self._forget(call)
        if not self._results.at[call.line]:
            self._agenda.put_back(call.line)

    def _forget(self, call: LineCall) -> None:
        self._calls.discard(call)
        self._around.book.close(call)
        if not call.has_turn:
            self._waiting[self._agenda.model_of(call.line)] -= 1
