"""A flight: one question that is being answered, once, for everybody who asks it meanwhile.

The first to ask is the leader, and asks the model server. The others follow: until the leader's reply begins they wait
in their stage; then they get every frame that the leader gets, each at its own pace. What becomes of one client is no
concern of another's:

    waiting ──reply begins──▶ flowing ──its end──▶ over
       │ ▲                       └── it fails ──▶ over: it has begun for all, and fails for all
       │ └─ the leader leaves before it has asked, or is declined by a policy: the next one leads
       └─ the model server fails: over, all get its refusal; nobody asks a failing server a hundred times

A leader whose client leaves once the server is asked stays on for those who follow, and lets the server go with the
last of them.
"""

from asyncio import AbstractEventLoop, Future
from collections import deque
from collections.abc import Callable

from gateway.breaking import break_off
from gateway.cache.entry import note_cached
from gateway.exchange import Exchange
from gateway.refusal import InternalError, Refusal
from gateway.reply import SPENT, Flow, Head, Reply, Source
from gateway.telemetry.faults import FaultLog

STAMPEDE = 10  # who have joined one flight


class Flight:
    """``on_closed`` is called once, when nobody can join any more; ``joined`` have by then. What has flown is kept in
    ``frames``, for those who come late or read slowly, up to ``most_bytes``; of a longer reply only what somebody has
    still to read."""

    def __init__(self, leader: Exchange, most_bytes: int, on_closed: Callable[[], None], log: FaultLog) -> None:
        self.leader = leader
        self.head: Head | None = None
        self.frames: list[bytes] = []
        self.landed = False
        self.worth_keeping = True
        self.joined = 0
        self.failure: Refusal | None = None
        self._most_bytes = most_bytes
        self._bytes = 0
        self._on_closed = on_closed
        self._log = log
        self._closed = False
        self._waiting: deque[tuple[Exchange, Future[Reply | None]]] = deque()
        self._followers: list[Follower] = []
        self._source: Source | None = None
        self._paused = False
        self._leader_slow = False
        self._settle_leader: Callable[[], None] | None = None  # set once its client has left

    def __repr__(self) -> str:
        state = "over" if self.over else "flowing" if self.head else "waiting"
        return f"<Flight {state}, {len(self.frames)} frames, {self.following} following>"

    @property
    def over(self) -> bool:
        return self.landed or self.failure is not None

    @property
    def following(self) -> int:
        return len(self._followers) + sum(not future.done() for _, future in self._waiting)

    def takes(self, last: bytes) -> bool:
        """Whether ``frames`` and ``last`` are all of the reply, and may be remembered."""
        return self.worth_keeping and self._bytes + len(last) <= self._most_bytes

    # Joining

    def join(self, exchange: Exchange, loop: AbstractEventLoop) -> "Future[Reply | None]":
        """A future of the reply; of None where the exchange is to lead in the leader's place."""
        self.joined += 1
        future: Future[Reply | None] = loop.create_future()
        if self.head is not None:
            future.set_result(self._reply_for(exchange))
            return future
        self._waiting.append((exchange, future))
        future.add_done_callback(self._one_left)
        return future

    def _reply_for(self, exchange: Exchange) -> Reply:
        follower = Follower(exchange, self, self._log)
        self._followers.append(follower)
        return Reply(follower)

    def _one_left(self, future: "Future[Reply | None]") -> None:
        if future.cancelled():
            self._let_go_if_alone()

    def part(self, follower: "Follower") -> None:
        """One who follows has left."""
        self._followers.remove(follower)
        self._let_go_if_alone()
        self.balance()

    def _let_go_if_alone(self) -> None:
        if self._settle_leader is not None and not self.over and not self.following and self._source is not None:
            self._source.cancel()
            self._close()
            self.failure = InternalError("Nobody waits for it any more.")
            self._settle_leader()

    # Leading

    def led_by(self, source: Source) -> Source:
        """The leader's source, so wrapped that its client's slowness is its own matter."""
        self._source = source
        return Led(self, source)

    def goes_on(self, settle_leader: Callable[[], None]) -> bool:
        """Whether the leader, whose client has left, stays for others. ``settle_leader`` ends its exchange once it is
        over, or nobody follows any more."""
        if self._source is None or self.over or not self.following:
            return False
        self._settle_leader = settle_leader
        self.balance()
        return True

    def hand_over(self) -> None:
        """The leader is gone before its reply began: the next one leads, and where there is none it is over."""
        self._source, self._paused, self._leader_slow = None, False, False
        while self._waiting:
            exchange, future = self._waiting.popleft()
            if not future.done():
                self.leader = exchange
                future.set_result(None)
                return
        self._close()
        self.failure = InternalError("Nobody waited for it.")

    def answer(self, reply_for: Callable[[Exchange], Reply | None]) -> None:
        """Ends it with what was found elsewhere: whoever waits gets a reply, or asks for itself where there is none."""
        self._close()
        self.landed = True
        waiting, self._waiting = self._waiting, deque()
        for exchange, future in waiting:
            if not future.done():
                future.set_result(reply_for(exchange))

    # What the leader's reply brings

    def begin(self, head: Head) -> None:
        self.head = head
        waiting, self._waiting = self._waiting, deque()
        for exchange, future in waiting:
            if not future.done():
                future.set_result(self._reply_for(exchange))

    def push(self, frame: bytes) -> None:
        self._keep(frame)
        for follower in list(self._followers):
            follower.take()

    def land(self, last: bytes) -> None:
        self._keep(last)
        self.landed = True
        self._finish()

    def fail(self, refusal: Refusal) -> None:
        """For all, also where it has not begun."""
        self.failure = refusal
        for _, future in self._waiting:
            if not future.done():
                future.set_exception(refusal)
        self._finish()

    def _finish(self) -> None:
        self._close()
        for follower in list(self._followers):
            follower.take()
        if self._settle_leader is not None:
            self._settle_leader()

    def _keep(self, frame: bytes) -> None:
        self._bytes += len(frame)
        if self._bytes > self._most_bytes:
            self._close()
            if not self._followers:
                self.frames.clear()
                return
        self.frames.append(frame)

    def _close(self) -> None:
        if not self._closed:
            self._closed = True
            self._on_closed()

    # Pace

    def slow_leader(self, slow: bool) -> None:
        self._leader_slow = slow
        self.balance()

    def balance(self) -> None:
        """The server is held only while everybody reads slowly."""
        if self._source is None or self.over:
            return
        slow = (self._leader_slow or self._settle_leader is not None) and all(
            follower.paused for follower in self._followers) and (bool(self._followers) or self._leader_slow)
        if slow != self._paused:
            self._paused = slow
            (self._source.pause if slow else self._source.resume)()


class Led:
    """The leader's source."""

    def __init__(self, flight: Flight, source: Source) -> None:
        self._flight = flight
        self._source = source

    def begin(self, flow: Flow) -> None:
        self._source.begin(flow)

    def pause(self) -> None:
        self._flight.slow_leader(True)

    def resume(self) -> None:
        self._flight.slow_leader(False)

    def cancel(self) -> None:
        self._source.cancel()


class Follower:
    """The source of a reply that somebody else leads."""

    def __init__(self, exchange: Exchange, flight: Flight, log: FaultLog) -> None:
        self._exchange = exchange
        self._flight = flight
        self._log = log
        self._flow: Flow = SPENT
        self._at = 0  # how many frames it has had
        self._began = False
        self._done = False
        self.paused = False

    def begin(self, flow: Flow) -> None:
        self._flow = flow
        self._began = True
        head = self._flight.head
        assert head is not None
        _serve(self._exchange, self._flight.leader)
        flow.head(Head(head.status, list(head.headers)))
        self.take()

    def take(self) -> None:
        """Passes on what it has not had yet, as far as its client reads."""
        if self._began and not self._done:
            try:
                self._take()
            except Exception as error:  # a bug on this reply's way is no other client's business
                self._leave()
                break_off(self._exchange, self._log, error)

    def _take(self) -> None:
        flight = self._flight
        frames = flight.frames
        while self._at < len(frames) and not self.paused and not self._done:
            frame = frames[self._at]
            self._at += 1
            if flight.landed and self._at == len(frames):
                self._done = True
                _tell(self._exchange, flight.leader)
                self._flow.end(frame)
            else:
                self._flow.frame(frame)
        if flight.failure is not None and self._at == len(frames) and not self._done:
            self._done = True
            self._flow.fail(flight.failure)

    def pause(self) -> None:
        self.paused = True
        self._flight.balance()

    def resume(self) -> None:
        self.paused = False
        self._flight.balance()
        self.take()

    def cancel(self) -> None:
        if not self._done:
            self._leave()

    def _leave(self) -> None:
        self._done = True
        self._flight.part(self)


def _serve(exchange: Exchange, leader: Exchange) -> None:
    """Says which version answers, where it is another one than was chosen."""
    served = leader.record.arm_served
    if served in exchange.route.head_lines:
        exchange.record.arm_served = served


def _tell(exchange: Exchange, leader: Exchange) -> None:
    """What is known of the reply once all of it was there."""
    note_cached(exchange.record, leader.record)
    exchange.upstream_done_at = leader.upstream_done_at
