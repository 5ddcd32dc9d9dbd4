"""One sequence: a prompt, what has been generated after it, and the decision whether that was the last token."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from models.demo.detokenizer import Decode, Detokenizer
from models.demo.params import Params
from models.demo.stopping import StopStrings


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Log-probability and rank, from 1, of the token that was taken, and the likeliest ones at that place in order."""

    token: int
    logprob: float
    rank: int
    top: tuple[tuple[int, float], ...] = ()

    @property
    def candidates(self) -> dict[int, float]:
        """The token that was taken, then the likeliest others."""
        return {self.token: self.logprob, **dict(self.top)}


@dataclass(frozen=True, slots=True)
class Piece:
    """What one step added to one sequence.

    `text` may be empty: bytes of a character are awaited, or the beginning of a stop string is held back.
    `finish_reason` is None until the last piece: then stop, length, abort or error.
    """

    index: int
    text: str = ""
    tokens: tuple[int, ...] = ()
    likelihoods: tuple[Likelihood, ...] = ()
    prompt_likelihoods: tuple[Likelihood | None, ...] | None = None
    finish_reason: str | None = None
    stop_reason: int | str | None = None


@dataclass(slots=True)
class Timing:
    """Monotonic seconds; None until it has happened."""

    arrived: float = field(default_factory=time.monotonic)
    admitted: float | None = None
    first: float | None = None
    last: float | None = None


Deliver = Callable[[Piece], None]


class Sequence:
    """Belongs to the engine's thread once submitted, but for `cancelled`, which anybody may set.

    `index` tells the sequences of a request apart, `copy` those of one prompt: one seed gives each copy other words.
    `prompt` + `output` is what the model has been given or has said; `computed` tells how much of it is in the cache.
    """

    def __init__(
        self,
        prompt: list[int],
        params: Params,
        decode: Decode,
        eos: frozenset[int] = frozenset(),
        room: int = 1 << 30,
        index: int = 0,
        deliver: Deliver = lambda piece: None,
        copy: int = 0,
    ) -> None:
        self.prompt, self.params, self.index, self.deliver = prompt, params.settled(), index, deliver
        self.output: list[int] = []
        self.computed = 0
        self.cancelled = False
        self.finished = False
        self.timing = Timing()
        self.random = random.Random(None if params.seed is None else params.seed + copy)
        self.prompt_likelihoods: list[Likelihood | None] = [None]
        self._eos = eos
        self._room = min(params.max_tokens, room - len(prompt))
        self._detokenizer = Detokenizer(decode, prompt)
        self._stops = StopStrings(params.stop, params.include_stop_str_in_output)
        self._text, self._shown = "", 0

    @property
    def forbidden(self) -> frozenset[int]:
        """Tokens that may not come yet because they would end the sequence before `min_tokens`."""
        return self._eos | self.params.stop_token_ids if len(self.output) < self.params.min_tokens else frozenset()

    def accept(self, token: int, likelihood: Likelihood | None = None) -> Piece:
        """Appends `token` and says what it added, and whether it was the last."""
        self.output.append(token)
        reason, cause = self._ending(token)
        fresh = "" if reason == "stop" and not self.params.include_stop_str_in_output else self._detokenizer.add(token)
        self._text += fresh
        if (cut := self._stop_string(len(fresh))) is not None:
            (cause, end), reason = cut, "stop"
            self._text = self._text[:end]
        self.finished = reason is not None
        return Piece(
            index=self.index,
            text=self._reveal(),
            tokens=(token,),
            likelihoods=(likelihood,) if likelihood else (),
            prompt_likelihoods=self._prompt_report(),
            finish_reason=reason,
            stop_reason=cause,
        )

    def abort(self, reason: str = "abort") -> Piece:
        """Ends the sequence from outside."""
        self.finished = True
        return Piece(self.index, finish_reason=reason)

    def _ending(self, token: int) -> tuple[str | None, int | str | None]:
        if len(self.output) >= self.params.min_tokens:
            if token in self._eos and not self.params.ignore_eos:
                return "stop", None
            if token in self.params.stop_token_ids:
                return "stop", token
        return ("length", None) if len(self.output) >= self._room else (None, None)

    def _stop_string(self, fresh: int) -> tuple[str, int] | None:
        if len(self.output) <= self.params.min_tokens:
            return None
        return self._stops.search(self._text, fresh)

    def _reveal(self) -> str:
        end = len(self._text) if self.finished else len(self._text) - self._stops.holdback
        start, self._shown = self._shown, max(self._shown, end)
        return self._text[start : self._shown]

    def _prompt_report(self) -> tuple[Likelihood | None, ...] | None:
        if self.params.prompt_logprobs is None or len(self.output) > 1:
            return None
        return tuple(self.prompt_likelihoods)
