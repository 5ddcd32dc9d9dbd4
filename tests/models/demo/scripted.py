"""A network that says what it is told to, over a cache that notices when rows are mixed up, and a byte tokenizer."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from models.demo.compute import Choice
from models.demo.sequence import Likelihood
from models.demo.sequence import Sequence as Running

EOS = 256
ANSWER = "\x02"
"""Ends every prompt that comes from a conversation: what follows it is the answer."""

History = list[int]
Say = Callable[[History], int]


def saying(text: str) -> Say:
    """After any prompt, `text`, byte by byte, then the end."""
    spoken = [*text.encode(), EOS]
    return lambda history: spoken[min(_said(history), len(spoken) - 1)]


def counting(history: History) -> int:
    """A letter that depends on all that went before, so that a row with a wrong past says something else."""
    return ord("a") + sum(place * token for place, token in enumerate(history, 1)) % 26


def _said(history: History) -> int:
    marks = [place for place, token in enumerate(history) if token == ord(ANSWER)]
    return len(history) - (marks[-1] + 1 if marks else len(history))


class ScriptedNetwork:
    """Rows of tokens instead of keys and values. A row that is extended at a wrong position is an error.

    Where `gate` is set, every pass takes one permit from it first.
    """

    vocabulary = 300

    def __init__(self, say: Say, seats: int = 16, gate: threading.Semaphore | None = None) -> None:
        self.say, self.seats, self.gate = say, seats, gate
        self.rows: list[History] = [[] for _ in range(seats + 1)]
        self.reads: list[int] = []

    def read(self, tokens: Sequence[int], start: int, every: bool) -> list[int]:
        self._pass()
        self.reads.append(len(tokens))
        row = self.rows[self.seats]
        assert start <= len(row)
        row[start:] = tokens
        ends = range(start + 1, len(row) + 1) if every else [len(row)]
        return [self.say(row[:end]) for end in ends]

    def seat(self, row: int, length: int) -> None:
        self.move(self.seats, row, length)

    def move(self, source: int, target: int, length: int) -> None:
        self.rows[target] = self.rows[source][:length]

    def extend(self, tokens: Sequence[int], positions: Sequence[int]) -> list[int]:
        self._pass()
        for row, token, position in zip(self.rows, tokens, positions, strict=False):
            assert len(row) == position
            row.append(token)
        return [self.say(row) for row in self.rows[: len(tokens)]]

    def embed(self, tokens: Sequence[int]) -> list[float]:
        self._pass()
        even = sum(token % 2 == 0 for token in tokens) / len(tokens)
        return [even, (1 - even**2) ** 0.5]

    def _pass(self) -> None:
        if self.gate:
            self.gate.acquire()


class ScriptedSampler:
    """Takes the token that the network says. Its likelihood is made up: -0.5, and -1.5 for the token after it."""

    def choose(self, logits: Sequence[int], sequences: Sequence[Running]) -> list[Choice]:
        return [
            Choice(token, None if sequence.params.logprobs is None else _likelihood(token, sequence.params.logprobs))
            for token, sequence in zip(logits, sequences, strict=True)
        ]

    def score(self, logits: Sequence[int], tokens: Sequence[int], top: int) -> list[Likelihood]:
        return [_likelihood(token, top) for token in tokens]


def _likelihood(token: int, top: int) -> Likelihood:
    return Likelihood(token, -0.5, 1, ((token, -0.5), (token + 1, -1.5))[:top])


class ByteTokenizer:
    """A token a byte, and one for the end. Conversations become `role:content` and a line feed for each message."""

    eos = frozenset({EOS})
    longest = 1

    def encode(self, text: str, special: bool) -> list[int]:
        return list(text.encode())

    def decode(self, tokens: Sequence[int], skip_special: bool = True) -> str:
        return b"".join(self._bytes(token, skip_special) for token in tokens).decode(errors="replace")

    def names(self, tokens: Sequence[int]) -> list[str]:
        return [f"<{token}>" for token in tokens]

    def render(self, messages: Sequence[Any], **options: Any) -> str:
        lines = "".join(f"{message['role']}:{message['content']}\n" for message in messages)
        return lines + ANSWER if options.get("add_generation_prompt") else lines.rstrip("\n")

    def _bytes(self, token: int, skip_special: bool) -> bytes:
        if token == EOS:
            return b"" if skip_special else b"<end>"
        return bytes([token])
