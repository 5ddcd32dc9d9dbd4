"""What the engine drives: something that computes logits, and something that turns them into tokens."""

from collections.abc import Sequence as Several
from dataclasses import dataclass
from typing import Any, Protocol

from models.demo.sequence import Likelihood, Sequence

Logits = Any  # What the network gives and the sampler takes; the engine only carries it.


class Network(Protocol):
    """A causal language model with a cache of `seats` rows, and one more in which prompts are read."""

    seats: int

    def read(self, tokens: Several[int], start: int, every: bool) -> Logits:
        """Puts `tokens` into the reading row from position `start` on. Logits of the last token, or of `every` one."""
        ...

    def seat(self, row: int, length: int) -> None:
        """Copies the first `length` positions of the reading row to `row`."""
        ...

    def move(self, source: int, target: int, length: int) -> None:
        """Copies the first `length` positions of one row to another."""
        ...

    def extend(self, tokens: Several[int], positions: Several[int]) -> Logits:
        """Gives row i the token `tokens[i]` at `positions[i]`. Logits of shape (rows, vocabulary)."""
        ...

    def embed(self, tokens: Several[int]) -> list[float]:
        """The mean of the last hidden states, of length 1."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    token: int
    likelihood: Likelihood | None = None


class Sampler(Protocol):
    def choose(self, logits: Logits, sequences: Several[Sequence]) -> list[Choice]:
        """The next token of each sequence, given one row of logits for each."""
        ...

    def score(self, logits: Logits, tokens: Several[int], top: int) -> list[Likelihood]:
        """How likely each of `tokens` was, given the row of logits before it."""
        ...
