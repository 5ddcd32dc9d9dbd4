"""Continuous batching: one thread that admits, prefills and decodes all sequences together, a token a step.

A step is: drop who left; read up to `PREFILL_TOKENS` of waiting prompts into the cache, in chunks; then one forward
pass that gives every seated sequence its next token. A seat is a row of the cache. The seats taken are always the first
ones, so that a step reads a plain slice of the cache: when a sequence ends, the last one moves to its seat.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from collections.abc import Sequence as Several
from dataclasses import dataclass, field
from functools import partial

from models.demo.compute import Choice, Logits, Network, Sampler
from models.demo.errors import EngineDead
from models.demo.metrics import Metrics
from models.demo.sequence import Piece, Sequence

CHUNK_TOKENS = 256
PREFILL_TOKENS = 512


@dataclass(slots=True)
class Embedding:
    """A wish for the embedding of `tokens`; `deliver` is given the vector, or None if the engine died."""

    tokens: Several[int]
    deliver: Callable[[list[float] | None], None]
    cancelled: bool = False


@dataclass(slots=True)
class Count:
    """What the engine has done, for tests and the curious."""

    steps: int = 0
    passes: int = 0
    rows: int = 0
    largest_batch: int = 0


Post = Callable[[Callable[[], None]], object]


@dataclass
class Engine:
    """Everything but `submit`, `embed`, `nudge` and `stop` happens on the engine's own thread.

    `post` carries a call to whoever awaits the pieces: one for all the pieces of a step.
    """

    network: Network
    sampler: Sampler
    metrics: Metrics
    post: Post
    on_death: Callable[[], object] = lambda: None
    count: Count = field(default_factory=Count)

    def __post_init__(self) -> None:
        self._arrived: list[Sequence] = []
        self._waiting: deque[Sequence] = deque()
        self._running: list[Sequence] = []
        self._embeddings: deque[Embedding] = deque()
        self._pieces: list[tuple[Sequence, Piece]] = []
        self._logits: Logits = None
        self._read: list[int] | None = None
        self._changed = threading.Condition()
        self._stopping = False
        self.dead = self.failed = False
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends all work at once and returns when the thread has; whoever still waits is told that the engine died."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def submit(self, sequence: Sequence) -> None:
        """Raises EngineDead if nothing will ever be generated again."""
        with self._changed:
            self._refuse_if_dead()
            self._arrived.append(sequence)
            self._changed.notify()

    def embed(self, embedding: Embedding) -> None:
        with self._changed:
            self._refuse_if_dead()
            self._embeddings.append(embedding)
            self._changed.notify()

    def nudge(self) -> None:
        """Wakes the engine, for instance to notice that a sequence was cancelled."""
        with self._changed:
            self._changed.notify()

    def _refuse_if_dead(self) -> None:
        if self.dead or self._stopping:
            raise EngineDead

    @property
    def load(self) -> tuple[int, int]:
        """Sequences running and waiting."""
        return len(self._running), len(self._waiting) + len(self._arrived)

    def _run(self) -> None:
        try:
            while self._await_work():
                self.step()
        except Exception:
            logging.getLogger(__name__).exception("the engine failed")
            self.failed = True
            self.on_death()
        finally:
            self._die()

    def _await_work(self) -> bool:
        with self._changed:
            while not (self._stopping or self._arrived or self._waiting or self._running or self._embeddings):
                self._changed.wait()
            return not self._stopping

    def step(self) -> None:
        """One round. Public so that a test can turn the crank by hand."""
        self.count.steps += 1
        self._take_arrived()
        self._drop_cancelled()
        self._embed_one()
        self._read_prompts()
        self._extend_all()
        self._flush()

    def _take_arrived(self) -> None:
        with self._changed:
            self._waiting.extend(self._arrived)
            self._arrived.clear()

    def _drop_cancelled(self) -> None:
        for sequence in [waiting for waiting in self._waiting if waiting.cancelled]:
            self._waiting.remove(sequence)
            self._emit(sequence, sequence.abort())
        for sequence in [running for running in self._running if running.cancelled]:
            self._emit(sequence, sequence.abort())
        self._unseat_finished()

    def _embed_one(self) -> None:
        if self._embeddings:
            embedding = self._embeddings[0]
            if not embedding.cancelled:
                vector = self.network.embed(embedding.tokens)
                self.metrics.prompt_tokens.inc(len(embedding.tokens))
                self.post(partial(embedding.deliver, vector))
            self._embeddings.popleft()

    def _read_prompts(self) -> None:
        budget = PREFILL_TOKENS
        while budget > 0 and self._waiting and len(self._running) < self.network.seats:
            sequence = self._waiting[0]
            budget -= self._read_chunk(sequence)
            if sequence.computed == len(sequence.prompt):
                self._begin(sequence)
                self._waiting.popleft()

    def _read_chunk(self, sequence: Sequence) -> int:
        """How many tokens were read: none for another copy of a prompt that still stands in the reading row."""
        if sequence.timing.admitted is None:
            sequence.timing.admitted = time.monotonic()
        start, top = sequence.computed, sequence.params.prompt_logprobs
        if self._read is sequence.prompt and top is None:
            sequence.computed = len(sequence.prompt)
            return 0
        chunk = sequence.prompt[start : start + CHUNK_TOKENS]
        self._logits = self.network.read(chunk, start, every=top is not None)
        sequence.computed += len(chunk)
        self._read = sequence.prompt if sequence.computed == len(sequence.prompt) else None
        if top is not None:
            self._score_prompt(sequence, start, top)
        return len(chunk)

    def _score_prompt(self, sequence: Sequence, start: int, top: int) -> None:
        """Chunk by chunk: the logits at one position tell about the token at the next."""
        following = sequence.prompt[start + 1 : sequence.computed + 1]
        sequence.prompt_likelihoods += self.sampler.score(self._logits, following, top)

    def _begin(self, sequence: Sequence) -> None:
        self.metrics.prompt_tokens.inc(len(sequence.prompt))
        (choice,) = self.sampler.choose(self._logits[-1:], [sequence])
        self._accept(sequence, choice)
        if not sequence.finished:
            self.network.seat(len(self._running), sequence.computed)
            self._running.append(sequence)

    def _extend_all(self) -> None:
        if not (rows := self._running):
            return
        self.count.passes += 1
        self.count.rows += len(rows)
        self.count.largest_batch = max(self.count.largest_batch, len(rows))
        logits = self.network.extend([row.output[-1] for row in rows], [row.computed for row in rows])
        for sequence, choice in zip(rows, self.sampler.choose(logits, rows), strict=True):
            sequence.computed += 1
            self._accept(sequence, choice)
        self._unseat_finished()

    def _accept(self, sequence: Sequence, choice: Choice) -> None:
        self._emit(sequence, sequence.accept(choice.token, choice.likelihood))

    def _emit(self, sequence: Sequence, piece: Piece) -> None:
        self.metrics.observe(sequence, piece)
        self._pieces.append((sequence, piece))

    def _unseat_finished(self) -> None:
        for row in reversed(range(len(self._running))):
            if self._running[row].finished:
                last = self._running.pop()
                if row < len(self._running):
                    self.network.move(len(self._running), row, last.computed)
                    self._running[row] = last

    def _flush(self) -> None:
        pieces, self._pieces = self._pieces, []
        if pieces:
            self.post(partial(_deliver, pieces))

    def _die(self) -> None:
        with self._changed:
            self.dead = True
            orphans = [*self._running, *self._waiting, *self._arrived]
            embeddings = list(self._embeddings)
            self._running, self._waiting, self._arrived = [], deque(), []
        self._pieces += [(orphan, orphan.abort("error")) for orphan in orphans]
        self._flush()
        for embedding in embeddings:
            self.post(partial(embedding.deliver, None))


def _deliver(pieces: Several[tuple[Sequence, Piece]]) -> None:
    for sequence, piece in pieces:
        sequence.deliver(piece)
