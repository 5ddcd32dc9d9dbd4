"""Writes likelihoods with the text of their tokens, as far as a token has a text of its own."""

from collections.abc import Iterable, Sequence

from models.demo.detokenizer import UNFINISHED
from models.demo.sequence import Likelihood
from models.demo.tokenizer import Tokenizer
from models.demo.wire.logprobs import (
    ChatLogprobs,
    CompletionLogprobs,
    ContentLogprob,
    PromptLogprobs,
    RankedLogprob,
    TokenLogprob,
)

LEAST = -9999.0  # JSON has no infinity; vLLM sends this.
LONGEST_CHARACTER_TOKENS = 4


class LikelihoodText:
    """Follows one text from its first token on, since what a token adds can depend on those before it.

    A token that leaves a character unfinished has no text; the one that completes it has the whole character. `offset`
    counts the characters written.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._before: list[int] = []
        self._offset = 0

    def chat(self, likelihoods: Iterable[Likelihood], top: int) -> ChatLogprobs:
        return ChatLogprobs([self._content(likelihood, top) for likelihood in likelihoods])

    def completion(self, tokens: Sequence[int], likelihoods: Sequence[Likelihood | None]) -> CompletionLogprobs:
        columns = CompletionLogprobs([], [], [], [])
        for token, likelihood in zip(tokens, likelihoods, strict=True):
            self._append(columns, token, likelihood)
        return columns

    def prompt(self, likelihoods: Iterable[Likelihood | None]) -> PromptLogprobs:
        return [None if likelihood is None else self._ranked(likelihood) for likelihood in likelihoods]

    def _content(self, likelihood: Likelihood, top: int) -> ContentLogprob:
        candidates = [
            _with_bytes(self._text(token), logprob) for token, logprob in list(likelihood.candidates.items())[:top]
        ]
        own = _with_bytes(self._text(likelihood.token), likelihood.logprob)
        self._step(likelihood.token)
        return ContentLogprob(own.token, own.logprob, own.bytes, candidates)

    def _append(self, columns: CompletionLogprobs, token: int, likelihood: Likelihood | None) -> None:
        text = self._text(token)
        columns.text_offset.append(self._offset)
        columns.tokens.append(text)
        columns.token_logprobs.append(None if likelihood is None else max(likelihood.logprob, LEAST))
        columns.top_logprobs.append(None if likelihood is None else self._texts(likelihood))
        self._offset += len(text)
        self._step(token)

    def _texts(self, likelihood: Likelihood) -> dict[str, float]:
        return {self._text(token): max(logprob, LEAST) for token, logprob in likelihood.candidates.items()}

    def _ranked(self, likelihood: Likelihood) -> dict[int, RankedLogprob]:
        ranks = {likelihood.token: likelihood.rank, **{token: at for at, (token, _) in enumerate(likelihood.top, 1)}}
        ranked = {
            token: RankedLogprob(logprob, ranks[token], self._text(token))
            for token, logprob in likelihood.candidates.items()
        }
        self._step(likelihood.token)
        return ranked

    def _text(self, token: int) -> str:
        alone = self._tokenizer.decode([token], skip_special=False)
        return alone if not alone.endswith(UNFINISHED) else self._completed(token)

    def _completed(self, token: int) -> str:
        """The text that `token` completes together with some before it, less what those had said already."""
        for length in range(1, len(self._before) + 1):
            context = self._before[-length:]
            text = self._tokenizer.decode([*context, token], skip_special=False)
            if not text.endswith(UNFINISHED):
                return text.removeprefix(self._finished_part(context))
        return ""

    def _finished_part(self, context: list[int]) -> str:
        end = len(context)
        while end and self._tokenizer.decode([context[end - 1]], skip_special=False).endswith(UNFINISHED):
            end -= 1
        return self._tokenizer.decode(context[:end], skip_special=False)

    def _step(self, token: int) -> None:
        self._before = [*self._before, token][-LONGEST_CHARACTER_TOKENS:]


def _with_bytes(text: str, logprob: float) -> TokenLogprob:
    return TokenLogprob(text, max(logprob, LEAST), list(text.encode("utf-8", errors="replace")))
