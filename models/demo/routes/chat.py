"""POST /v1/chat/completions."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from models.demo.chat import flat_text, render
from models.demo.errors import BadRequest
from models.demo.generation import Finished, Generation
from models.demo.likelihood_text import LikelihoodText
from models.demo.routes.exchange import event, service_of, stream, unless_gone, whole, wish_of
from models.demo.sequence import Likelihood, Piece
from models.demo.service import Service, request_id
from models.demo.wire.chat import (
    ChatChoice,
    ChatChunk,
    ChatMessage,
    ChatReply,
    ChatRequest,
    ChunkChoice,
    Delta,
)
from models.demo.wire.logprobs import ChatLogprobs, PromptLogprobs
from models.demo.wire.usage import Usage


async def chat_completions(request: Request) -> Response:
    service, wish = service_of(request), await wish_of(request, ChatRequest)
    wish.check()
    service.check_model(wish.model)
    turn = _begin(service, wish, f"chatcmpl-{request_id(request.headers, wish.request_id)}")
    if wish.stream:
        return stream(turn.events())
    return whole(turn.reply(await unless_gone(request, turn.generation.whole())))


@dataclass
class Turn:
    """One request under way, and how its pieces look on the wire."""

    service: Service
    wish: ChatRequest
    id: str
    created: int
    text: str
    prompt: list[int]
    generation: Generation

    @property
    def role(self) -> str:
        return "assistant" if self.wish.add_generation_prompt else self.wish.messages[-1]["role"]

    @property
    def echoed(self) -> str:
        """With `echo`, the last message if it is of the role that continues."""
        last = self.wish.messages[-1]
        return flat_text(last.get("content")) if self.wish.echo and last.get("role") == self.role else ""

    @property
    def prompt_tokens(self) -> list[int] | None:
        return self.prompt if self.wish.return_token_ids else None

    @property
    def prompt_text(self) -> str | None:
        return self.text if self.wish.return_prompt_text else None

    def reply(self, finished: list[Finished]) -> ChatReply:
        return ChatReply(
            id=self.id,
            created=self.created,
            model=self.service.name,
            choices=[self._choice(one) for one in finished],
            system_fingerprint=self.service.fingerprint,
            usage=Usage.of_whole(len(self.prompt), sum(len(one.tokens) for one in finished)),
            prompt_logprobs=self._prompt_logprobs(finished[0]),
            prompt_token_ids=self.prompt_tokens,
            prompt_text=self.prompt_text,
        )

    def __post_init__(self) -> None:
        self._texts = [LikelihoodText(self.service.tokenizer) for _ in range(self.wish.count)]

    async def events(self) -> AsyncIterator[bytes]:
        said = [0] * self.wish.count
        begun = False
        async for piece in self.generation.pieces():
            if not begun:
                for chunk in self._opening():
                    yield event(chunk)
                begun = True
            said[piece.index] += len(piece.tokens)
            yield event(self._chunk(piece, said[piece.index]))
        if self.wish.wants_usage:
            yield event(self._closing(sum(said)))

    def _choice(self, one: Finished) -> ChatChoice:
        return ChatChoice(
            index=one.index,
            message=ChatMessage(self.role, self.echoed + one.text),
            logprobs=self._logprobs(one.index, one.likelihoods),
            finish_reason=one.finish_reason,
            stop_reason=one.stop_reason,
            token_ids=one.tokens if self.wish.return_token_ids else None,
        )

    def _opening(self) -> list[ChatChunk]:
        chunks = [self._frame([ChunkChoice(index, Delta(self.role, ""))], 0) for index in range(self.wish.count)]
        for chunk in chunks:
            chunk.prompt_token_ids, chunk.prompt_text = self.prompt_tokens, self.prompt_text
        if echoed := self.echoed:
            chunks += [self._frame([ChunkChoice(index, Delta(content=echoed))], 0) for index in range(self.wish.count)]
        return chunks

    def _chunk(self, piece: Piece, said: int) -> ChatChunk:
        choice = ChunkChoice(
            index=piece.index,
            delta=Delta(content=piece.text),
            logprobs=self._logprobs(piece.index, piece.likelihoods),
            token_ids=list(piece.tokens) if self.wish.return_token_ids else None,
        )
        chunk = self._frame([choice], said)
        if piece.finish_reason:
            choice.finish_reason, choice.stop_reason = piece.finish_reason, piece.stop_reason
            if not self.wish.wants_usage:
                chunk.system_fingerprint = self.service.fingerprint
        return chunk

    def _closing(self, said: int) -> ChatChunk:
        chunk = self._frame([], said)
        chunk.usage = Usage.of_stream(len(self.prompt), said)
        chunk.system_fingerprint = self.service.fingerprint
        return chunk

    def _frame(self, choices: list[ChunkChoice], said: int) -> ChatChunk:
        chunk = ChatChunk(id=self.id, created=self.created, model=self.service.name, choices=choices)
        if self.wish.wants_usage_always:
            chunk.usage = Usage.of_chunk(len(self.prompt), said)
        return chunk

    def _logprobs(self, index: int, likelihoods: Iterable[Likelihood]) -> ChatLogprobs | None:
        return self._texts[index].chat(likelihoods, self.wish.top_logprobs or 0) if self.wish.logprobs else None

    def _prompt_logprobs(self, one: Finished) -> PromptLogprobs | None:
        if self.wish.scored_prompt is None:
            return None
        return LikelihoodText(self.service.tokenizer).prompt(one.prompt_likelihoods)


def _begin(service: Service, wish: ChatRequest, name: str) -> Turn:
    asked, field = wish.limit
    service.check_limit(asked, field)
    text = render(service.tokenizer, wish.messages, **_options(wish))
    prompt = service.encode(text, wish.add_special_tokens, wish.cut)
    logprobs = (wish.top_logprobs or 0) if wish.logprobs else None
    params = wish.params(service.room(prompt, asked), logprobs, wish.scored_prompt)
    generation = service.generate([(prompt, params)], wish.count)
    return Turn(service, wish, name, service.now(), text, prompt, generation)


def _options(wish: ChatRequest) -> dict[str, object]:
    if wish.chat_template is not None:
        raise BadRequest("Chat template is passed with request, but --trust-request-chat-template is not set. "
                         "Refused request with untrusted chat template.")  # fmt: skip
    return {
        **(wish.chat_template_kwargs or {}),
        "add_generation_prompt": wish.add_generation_prompt,
        "continue_final_message": wish.continue_final_message,
    }
