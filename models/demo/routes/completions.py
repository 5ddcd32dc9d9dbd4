"""POST /v1/completions."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from models.demo.generation import Finished, Generation
from models.demo.likelihood_text import LikelihoodText
from models.demo.routes.exchange import event, service_of, stream, unless_gone, whole, wish_of
from models.demo.sequence import Likelihood, Piece
from models.demo.service import Service, request_id
from models.demo.wire.completion import (
    ChunkChoice,
    CompletionChoice,
    CompletionChunk,
    CompletionReply,
    CompletionRequest,
)
from models.demo.wire.logprobs import CompletionLogprobs, PromptLogprobs
from models.demo.wire.usage import Usage


async def completions(request: Request) -> Response:
    service, wish = service_of(request), await wish_of(request, CompletionRequest)
    wish.check()
    service.check_model(wish.model)
    run = _begin(service, wish, f"cmpl-{request_id(request.headers, wish.request_id)}")
    if wish.stream:
        return stream(run.events())
    return whole(run.reply(await unless_gone(request, run.generation.whole())))


@dataclass
class Run:
    """One request under way: prompt p's copies are choices p·n to p·n + n - 1."""

    service: Service
    wish: CompletionRequest
    id: str
    created: int
    texts: list[str]
    prompts: list[list[int]]
    generation: Generation
    _columns: list[LikelihoodText] = field(init=False)
    _said: list[int] = field(init=False)

    def __post_init__(self) -> None:
        choices = range(len(self.prompts) * self.wish.count)
        self._columns = [LikelihoodText(self.service.tokenizer) for _ in choices]
        self._said = [0 for _ in choices]

    def reply(self, finished: list[Finished]) -> CompletionReply:
        return CompletionReply(
            id=self.id,
            created=self.created,
            model=self.service.name,
            choices=[self._choice(one) for one in finished],
            system_fingerprint=self.service.fingerprint,
            usage=Usage.of_whole(self._read, sum(len(one.tokens) for one in finished)),
        )

    async def events(self) -> AsyncIterator[bytes]:
        async for piece in self.generation.pieces():
            yield event(self._chunk(piece))
        if self.wish.wants_usage:
            yield event(self._closing())

    @property
    def _read(self) -> int:
        return sum(map(len, self.prompts))

    def _choice(self, one: Finished) -> CompletionChoice:
        prompt = self._prompt(one.index)
        return CompletionChoice(
            index=one.index,
            text=self._echo(one.index, one.text),
            logprobs=self._logprobs(one.index, one.tokens, one.likelihoods, one.prompt_likelihoods),
            finish_reason=one.finish_reason,
            stop_reason=one.stop_reason,
            token_ids=one.tokens if self.wish.return_token_ids else None,
            prompt_logprobs=self._prompt_logprobs(one),
            prompt_token_ids=prompt if self.wish.return_token_ids else None,
        )

    def _chunk(self, piece: Piece) -> CompletionChunk:
        first = not self._said[piece.index]
        self._said[piece.index] += len(piece.tokens)
        scored = piece.prompt_likelihoods or () if first else ()
        shows_prompt = first and (self.wish.echo or self.wish.return_token_ids)
        choice = ChunkChoice(
            index=piece.index,
            text=self._echo(piece.index, piece.text) if first else piece.text,
            logprobs=self._logprobs(piece.index, piece.tokens, piece.likelihoods, scored),
            finish_reason=piece.finish_reason,
            stop_reason=piece.stop_reason,
            prompt_token_ids=self._prompt(piece.index) if shows_prompt else None,
            token_ids=list(piece.tokens) if self.wish.return_token_ids else None,
        )
        return self._frame(choice)

    def _frame(self, choice: ChunkChoice) -> CompletionChunk:
        chunk = CompletionChunk(id=self.id, created=self.created, model=self.service.name, choices=[choice])
        if choice.finish_reason and not self.wish.wants_usage:
            chunk.system_fingerprint = self.service.fingerprint
        if self.wish.wants_usage_always:
            chunk.usage = Usage.of_stream(len(self._prompt(choice.index)), self._said[choice.index])
        return chunk

    def _closing(self) -> CompletionChunk:
        return CompletionChunk(
            id=self.id,
            created=self.created,
            model=self.service.name,
            choices=[],
            usage=Usage.of_stream(self._read, sum(self._said)),
            system_fingerprint=self.service.fingerprint,
        )

    def _prompt(self, index: int) -> list[int]:
        return self.prompts[index // self.wish.count]

    def _echo(self, index: int, text: str) -> str:
        """With `echo` the prompt comes before the text, except where its tokens are returned instead."""
        if not self.wish.echo:
            return text
        prompt = "" if self.wish.return_token_ids else self.texts[index // self.wish.count]
        return prompt if self.wish.only_echo else prompt + text

    def _logprobs(
        self,
        index: int,
        tokens: Sequence[int],
        likelihoods: Sequence[Likelihood],
        scored: Sequence[Likelihood | None],
    ) -> CompletionLogprobs | None:
        if self.wish.logprobs is None:
            return None
        before = self._prompt(index) if self.wish.echo and scored else []
        after = [] if self.wish.only_echo else tokens
        known = [*(scored if before else ()), *(likelihoods if after else ())]
        return self._columns[index].completion([*before, *after], known)

    def _prompt_logprobs(self, one: Finished) -> PromptLogprobs | None:
        if self.wish.scored_prompt is None:
            return None
        return LikelihoodText(self.service.tokenizer).prompt(one.prompt_likelihoods)


def _begin(service: Service, wish: CompletionRequest, name: str) -> Run:
    service.check_limit(wish.limit, "max_tokens")
    prompts = [_tokens(service, wish, prompt) for prompt in wish.prompts()]
    texts = [
        given if isinstance(given, str) else service.tokenizer.decode(tokens, skip_special=False)
        for given, tokens in zip(wish.prompts(), prompts, strict=True)
    ]
    limit = 1 if wish.only_echo else wish.limit
    wishes = [
        (prompt, wish.params(service.room(prompt, limit), wish.logprobs, wish.scored_prompt)) for prompt in prompts
    ]
    generation = service.generate(wishes, wish.count)
    return Run(service, wish, name, service.now(), texts, prompts, generation)


def _tokens(service: Service, wish: CompletionRequest, prompt: str | list[int]) -> list[int]:
    if isinstance(prompt, str):
        return service.encode(prompt, wish.add_special_tokens, wish.cut)
    return service.fit(prompt, wish.cut)
