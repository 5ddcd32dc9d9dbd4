"""The agenda of a batch: which of its lines are still to be asked, and in what order."""

from collections import deque
from collections.abc import Callable, Collection
from heapq import heappop, heappush

from gateway.batches.scanning import Input

FIRST_REST_SECONDS = 1.0
LONGEST_REST_SECONDS = 60.0


class Agenda:
    """Lines by the model that they ask, each model's in the order of the input: one that is down holds up no other.
    Times are monotonic seconds."""

    def __init__(self, found: Input, done: Collection[int] | Callable[[int], bool]) -> None:
        """``done`` tells which lines have a result."""
        is_done = done if callable(done) else done.__contains__
        self.models = found.models
        self._model_of = found.model_of
        self._ready: list[deque[int]] = [deque() for _ in found.models]
        for line, model in enumerate(found.model_of):
            if not is_done(line):
                self._ready[model].append(line)
        self._later: list[tuple[float, int]] = []
        self._resting: dict[int, tuple[float, float]] = {}  # by model: until when, and for how long
        self._next = 0

    def __len__(self) -> int:
        return sum(map(len, self._ready)) + len(self._later)

    def model_of(self, line: int) -> int:
        return self._model_of[line]

    def next(self, now: float, has_room: Callable[[int], bool]) -> int | None:
        """The next line of a model that ``has_room``, the models in turn; None where there is none now."""
        while self._later and self._later[0][0] <= now:
            line = heappop(self._later)[1]
            self._ready[self._model_of[line]].appendleft(line)
        for step in range(len(self._ready)):
            model = (self._next + step) % len(self._ready)
            if self._ready[model] and self._is_awake(model, now) and has_room(model):
                self._next = model + 1
                return self._ready[model].popleft()
        return None

    def _is_awake(self, model: int, now: float) -> bool:
        return model not in self._resting or self._resting[model][0] <= now

    def put_back(self, line: int) -> None:
        """It was given up: it is the next of its model."""
        self._ready[self._model_of[line]].appendleft(line)

    def later(self, line: int, at: float) -> None:
        heappush(self._later, (at, line))

    def rest(self, model: int, now: float, asked_seconds: float) -> None:
        """A model that has no room is let alone: for what it asked for, else longer each time."""
        until, length = self._resting.get(model, (0.0, 0.0))
        if until > now:
            return  # several lines of one burst are one refusal
        length = min(max(FIRST_REST_SECONDS, length * 2), LONGEST_REST_SECONDS)
        self._resting[model] = now + (asked_seconds or length), length

    def answered(self, model: int) -> None:
        """It has room again."""
        self._resting.pop(model, None)
