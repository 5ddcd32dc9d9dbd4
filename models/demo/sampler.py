"""From logits to tokens: bias, penalties, temperature, min-p, top-k, top-p, in vLLM's order."""

from collections.abc import Sequence as Several

import torch
from torch import Tensor

from models.demo.compute import Choice
from models.demo.params import Params
from models.demo.sequence import Likelihood, Sequence

SHORTLIST = 1024
"""A nucleus is looked for among this many likeliest tokens first: sorting the whole vocabulary costs far more."""


class TorchSampler:
    """Draws for each sequence from its own generator, so that a seed gives the same tokens in any company."""

    def choose(self, logits: Tensor, sequences: Several[Sequence]) -> list[Choice]:
        with torch.inference_mode():
            greedy = logits.argmax(dim=-1).tolist()
            return [self._choose(*each) for each in zip(logits, sequences, greedy, strict=True)]

    def score(self, logits: Tensor, tokens: Several[int], top: int) -> list[Likelihood]:
        with torch.inference_mode():
            return [_likelihood(row, token, top) for row, token in zip(logits, tokens, strict=False)]

    def _choose(self, row: Tensor, sequence: Sequence, best: int) -> Choice:
        params = sequence.params
        wish = row
        if params.bends or sequence.forbidden:
            wish = _penalised(_biased(_allowed(row.clone(), params), sequence), sequence)
            best = int(wish.argmax())
        token = best if params.greedy else _draw(wish, params, sequence.random.random())
        return Choice(token, None if params.logprobs is None else _likelihood(row, token, params.logprobs))


def _allowed(row: Tensor, params: Params) -> Tensor:
    if params.allowed_token_ids is None:
        return row
    kept = torch.full_like(row, -torch.inf)
    kept[list(params.allowed_token_ids)] = row[list(params.allowed_token_ids)]
    return kept


def _biased(row: Tensor, sequence: Sequence) -> Tensor:
    for token, bias in sequence.params.logit_bias.items():
        row[token] += bias
    if forbidden := sequence.forbidden:
        row[list(forbidden)] = -torch.inf
    return row


def _penalised(row: Tensor, sequence: Sequence) -> Tensor:
    """Repetition counts the prompt too, and divides or multiplies; the other two count the output, and subtract."""
    params = sequence.params
    if not params.penalised:
        return row
    seen = torch.tensor(sorted({*sequence.prompt, *sequence.output}))
    factor = torch.where(row[seen] > 0, 1 / params.repetition_penalty, params.repetition_penalty)
    row[seen] *= factor
    if sequence.output:
        said, times = torch.tensor(sequence.output).unique(return_counts=True)
        row[said] -= params.frequency_penalty * times + params.presence_penalty
    return row


def _draw(row: Tensor, params: Params, chance: float) -> int:
    """Inverse transform sampling: the token at which the cumulated probability passes `chance`."""
    scaled = row / params.temperature
    if params.min_p:
        scaled = scaled.masked_fill(scaled < scaled.max() + torch.tensor(params.min_p).log(), -torch.inf)
    if 0 < params.top_k < len(row) or params.top_p < 1:
        return _draw_from_head(scaled, params, chance)
    return _pick(scaled.softmax(dim=-1), chance)


def _draw_from_head(scaled: Tensor, params: Params, chance: float) -> int:
    total = scaled.logsumexp(dim=-1)
    for size in (min(SHORTLIST, len(scaled)), len(scaled)):
        values, tokens = scaled.topk(min(size, params.top_k or size))
        if params.top_k and params.top_k <= size:
            total = values.logsumexp(dim=-1)
        shares = (values - total).exp()
        reached = shares.cumsum(dim=-1)
        if (params.top_k and params.top_k <= size) or reached[-1] >= params.top_p:
            break
    nucleus = shares[reached - shares < params.top_p]
    return int(tokens[_pick(nucleus / nucleus.sum(), chance)])


def _pick(shares: Tensor, chance: float) -> int:
    cumulated = shares.cumsum(dim=-1)
    place = int(torch.searchsorted(cumulated, torch.tensor(chance * float(cumulated[-1])), right=True))
    return min(place, int(shares.nonzero()[-1]))


def _likelihood(row: Tensor, token: int, top: int) -> Likelihood:
    """From the raw logits: what the model thought before anything bent it, as vLLM reports by default."""
    logprobs = row.log_softmax(dim=-1)
    values, tokens = logprobs.topk(top)
    logprob = logprobs[token]
    rank = int((logprobs > logprob).sum()) + 1
    return Likelihood(token, float(logprob), rank, tuple(zip(tokens.tolist(), values.tolist(), strict=True)))
