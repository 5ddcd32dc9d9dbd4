"""POST /tokenize and /detokenize: no engine needed."""

from starlette.requests import Request
from starlette.responses import Response

from models.demo.chat import render
from models.demo.errors import Complaint, Unreadable
from models.demo.routes.exchange import service_of, whole, wish_of
from models.demo.service import Service
from models.demo.wire.tokens import DetokenizeReply, DetokenizeRequest, TokenizeReply, TokenizeRequest


async def tokenize(request: Request) -> Response:
    service, wish = service_of(request), await wish_of(request, TokenizeRequest)
    service.check_model(wish.model)
    tokens = _tokens(service, wish)
    names = service.tokenizer.names(tokens) if wish.return_token_strs else None
    return whole(TokenizeReply(len(tokens), service.max_model_len, tokens, names))


async def detokenize(request: Request) -> Response:
    service, wish = service_of(request), await wish_of(request, DetokenizeRequest)
    service.check_model(wish.model)
    return whole(DetokenizeReply(service.tokenizer.decode(service.known(wish.tokens), skip_special=False)))


def _tokens(service: Service, wish: TokenizeRequest) -> list[int]:
    if wish.messages is not None:
        text = render(
            service.tokenizer,
            wish.messages,
            add_generation_prompt=wish.add_generation_prompt,
            continue_final_message=wish.continue_final_message,
        )
        return service.tokenizer.encode(text, special=bool(wish.add_special_tokens))
    if wish.prompt is None:
        missing = [Complaint("missing", (name,), "Field required", None) for name in ("prompt", "messages")]
        raise Unreadable(*missing, param="body.prompt")
    return service.tokenizer.encode(wish.prompt, special=wish.add_special_tokens is not False)
