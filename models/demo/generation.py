"""One request's sequences on their way through the engine, as seen from the event loop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from collections.abc import Sequence as Several
from dataclasses import dataclass, field

from models.demo.engine import Embedding, Engine
from models.demo.errors import EngineDead
from models.demo.sequence import Likelihood, Piece, Sequence

Build = Callable[[int, Callable[[Piece], None]], Sequence]


@dataclass
class Finished:
    """All that one sequence came to."""

    index: int
    text: str = ""
    tokens: list[int] = field(default_factory=list)
    likelihoods: list[Likelihood] = field(default_factory=list)
    prompt_likelihoods: tuple[Likelihood | None, ...] = ()
    finish_reason: str = "stop"
    stop_reason: int | str | None = None

    def add(self, piece: Piece) -> None:
        self.text += piece.text
        self.tokens += piece.tokens
        self.likelihoods += piece.likelihoods
        self.prompt_likelihoods = piece.prompt_likelihoods or self.prompt_likelihoods
        if piece.finish_reason:
            self.finish_reason, self.stop_reason = piece.finish_reason, piece.stop_reason


class Generation:
    """Sequences that are answered together. Whoever stops listening frees their seats, within a step of the engine."""

    def __init__(self, engine: Engine, build: Several[Build]) -> None:
        self._engine = engine
        self._pieces: asyncio.Queue[Piece] = asyncio.Queue()
        self._sequences = [make(index, self._pieces.put_nowait) for index, make in enumerate(build)]

    def submit(self) -> None:
        """Raises EngineDead."""
        for sequence in self._sequences:
            self._engine.submit(sequence)

    async def pieces(self) -> AsyncIterator[Piece]:
        """Pieces of all sequences as they come, until the last has ended. Raises EngineDead."""
        unfinished = len(self._sequences)
        try:
            while unfinished:
                piece = await self._pieces.get()
                if piece.finish_reason == "error":
                    raise EngineDead
                unfinished -= piece.finish_reason is not None
                yield piece
        finally:
            self.cancel()

    async def whole(self) -> list[Finished]:
        """Every sequence as it ended. Raises EngineDead."""
        finished = [Finished(sequence.index) for sequence in self._sequences]
        async for piece in self.pieces():
            finished[piece.index].add(piece)
        return finished

    def cancel(self) -> None:
        """Harmless after the end."""
        for sequence in self._sequences:
            sequence.cancelled = True
        self._engine.nudge()


async def embed(engine: Engine, tokens: Several[int]) -> list[float]:
    """The vector of one text. Raises EngineDead."""
    arrived: asyncio.Future[list[float] | None] = asyncio.get_running_loop().create_future()

    def deliver(vector: list[float] | None) -> None:
        if not arrived.done():
            arrived.set_result(vector)

    wish = Embedding(tokens, deliver)
    engine.embed(wish)
    try:
        if (vector := await arrived) is None:
            raise EngineDead
        return vector
    finally:
        wish.cancelled = True
