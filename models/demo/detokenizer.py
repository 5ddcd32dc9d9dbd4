"""Turns tokens into text one at a time, never showing half a character."""

from collections.abc import Callable, Sequence

Decode = Callable[[Sequence[int]], str]

UNFINISHED = "\N{REPLACEMENT CHARACTER}"
CONTEXT_TOKENS = 5  # Enough of the prompt for tokenizers whose first token loses its leading space.


class Detokenizer:
    """Text of a growing list of tokens.

    A token's text depends on its neighbours, so each step decodes a short window twice, without and with the new token,
    and the difference is what the token added. A window that ends within a UTF-8 sequence adds nothing yet: the bytes
    wait for those that complete them.
    """

    def __init__(self, decode: Decode, prompt: Sequence[int] = ()) -> None:
        self._decode = decode
        self._tokens = list(prompt[-CONTEXT_TOKENS:])
        self._window = 0
        self._shown = len(self._tokens)

    def add(self, token: int) -> str:
        """The text that `token` completes; empty while bytes are missing."""
        self._tokens.append(token)
        before = self._decode(self._tokens[self._window : self._shown])
        after = self._decode(self._tokens[self._window :])
        if len(after) <= len(before) or after.endswith(UNFINISHED):
            return ""
        self._window, self._shown = self._shown, len(self._tokens)
        return after[len(before) :]
