"""Between text and tokens, and between a conversation and the text that the model was trained on."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Message = Mapping[str, Any]


class Tokenizer(Protocol):
    """`eos` are the tokens with which the model ends what it says."""

    eos: frozenset[int]
    longest: int
    """Characters in the longest token; a longer text than this times the limit need not be tokenised to be refused."""

    def encode(self, text: str, special: bool) -> list[int]: ...
    def decode(self, tokens: Sequence[int], skip_special: bool = True) -> str: ...
    def names(self, tokens: Sequence[int]) -> list[str]: ...
    def render(self, messages: Sequence[Message], **options: Any) -> str: ...
