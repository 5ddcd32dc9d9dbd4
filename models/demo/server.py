"""The application: which route answers what, and how a refusal looks."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from models.demo.errors import ServerError
from models.demo.routes import chat, completions, messages, pooling, responses, state, tokens
from models.demo.routes.exchange import CLOSED_BY_CALLER, Gone, refusal
from models.demo.service import Service


def build(service: Service) -> Starlette:
    """An ASGI application over a service whose engine runs."""
    app = Starlette(
        routes=[
            Route("/v1/chat/completions", chat.chat_completions, methods=["POST"]),
            Route("/v1/completions", completions.completions, methods=["POST"]),
            Route("/tokenize", tokens.tokenize, methods=["POST"]),
            Route("/detokenize", tokens.detokenize, methods=["POST"]),
            Route("/v1/responses", responses.responses, methods=["POST"]),
            Route("/v1/responses/{name}", responses.response),
            Route("/v1/messages", messages.messages, methods=["POST"]),
            Route("/v1/messages/count_tokens", messages.count_tokens, methods=["POST"]),
            Route("/v1/embeddings", pooling.embeddings, methods=["POST"]),
            *(Route(path, pooling.rerank, methods=["POST"]) for path in ("/rerank", "/v1/rerank", "/v2/rerank")),
            *(Route(path, pooling.score, methods=["POST"]) for path in ("/score", "/v1/score")),
            Route("/v1/models", state.models),
            Route("/health", state.health),
            Route("/ping", state.ping, methods=["GET", "POST"]),
            Route("/version", state.version),
            Route("/metrics", state.metrics),
        ],
        exception_handlers={ServerError: _refuse, Gone: _hang_up, HTTPException: _plain, Exception: _fail},
    )
    app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])
    app.state.service = service
    return app


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, ServerError)
    return refusal(error)


async def _fail(request: Request, error: Exception) -> Response:
    """What nobody foresaw. Starlette raises it again for the log."""
    return refusal(ServerError(str(error)))


async def _hang_up(request: Request, error: Exception) -> Response:
    return Response(status_code=CLOSED_BY_CALLER)


async def _plain(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"detail": error.detail}, error.status_code, error.headers)
