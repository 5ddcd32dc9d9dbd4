"""From the engine's likelihoods to the wire."""

from collections.abc import Sequence

from models.demo.sequence import Likelihood
from models.demo.tokenizer import Tokenizer
from models.demo.wire.chat import ContentLogprob, Logprobs, TokenLogprob

LEAST = -9999.0  # JSON has no infinity; vLLM sends this.


def chat_logprobs(tokenizer: Tokenizer, likelihoods: Sequence[Likelihood]) -> Logprobs:
    return Logprobs([_content(tokenizer, likelihood) for likelihood in likelihoods])


def _content(tokenizer: Tokenizer, likelihood: Likelihood) -> ContentLogprob:
    token, logprob = _token(tokenizer, likelihood.token, likelihood.logprob)
    top = [_token(tokenizer, *pair) for pair in likelihood.top]
    return ContentLogprob(token, logprob, _bytes(token), [TokenLogprob(*pair, _bytes(pair[0])) for pair in top])


def _token(tokenizer: Tokenizer, token: int, logprob: float) -> tuple[str, float]:
    return tokenizer.decode([token], skip_special=False), max(logprob, LEAST)


def _bytes(text: str) -> list[int]:
    return list(text.encode("utf-8", errors="replace"))
