"""The tokenizer that comes with the model, by the transformers library."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, GenerationConfig, PreTrainedTokenizerBase

from models.demo.tokenizer import Message


class TransformersTokenizer:
    """Implements Tokenizer over a tokenizer of the transformers library."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, eos: frozenset[int]) -> None:
        self.eos = eos
        self._tokenizer = tokenizer
        self.longest = max(map(len, tokenizer.get_vocab()))

    @classmethod
    def load(cls, source: str | Path) -> "TransformersTokenizer":
        tokenizer = AutoTokenizer.from_pretrained(source)
        return cls(tokenizer, _ends(source, tokenizer))

    def encode(self, text: str, special: bool) -> list[int]:
        tokens: list[int] = self._tokenizer.encode(text, add_special_tokens=special, verbose=False)
        return tokens

    def decode(self, tokens: Sequence[int], skip_special: bool = True) -> str:
        text: str = self._tokenizer.decode(
            list(tokens), skip_special_tokens=skip_special, clean_up_tokenization_spaces=False
        )
        return text

    def names(self, tokens: Sequence[int]) -> list[str]:
        """As the vocabulary spells them, which is not as they read."""
        names: list[str] = self._tokenizer.convert_ids_to_tokens(list(tokens))
        return names

    def render(self, messages: Sequence[Message], **options: Any) -> str:
        text: str = self._tokenizer.apply_chat_template(list(messages), tokenize=False, **options)
        return text


def _ends(source: str | Path, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    try:
        stated = GenerationConfig.from_pretrained(source).eos_token_id
    except OSError:
        stated = None
    several = stated if isinstance(stated, list) else [stated]
    return frozenset(token for token in [*several, tokenizer.eos_token_id] if token is not None)
