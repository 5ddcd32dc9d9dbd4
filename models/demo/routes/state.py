"""What the server tells about itself: models, health, version, metrics."""

import secrets
from typing import Literal

import msgspec
from prometheus_client import generate_latest
from starlette.requests import Request
from starlette.responses import Response

from models.demo.routes.exchange import service_of, whole
from models.demo.service import VLLM_VERSION

METRICS_TYPE = "text/plain; version=1.0.0; charset=utf-8"


class Permission(msgspec.Struct, kw_only=True):
    id: str
    object: Literal["model_permission"] = "model_permission"
    created: int
    allow_create_engine: bool = False
    allow_sampling: bool = True
    allow_logprobs: bool = True
    allow_search_indices: bool = False
    allow_view: bool = True
    allow_fine_tuning: bool = False
    organization: str = "*"
    group: None = None
    is_blocking: bool = False


class ModelCard(msgspec.Struct, kw_only=True):
    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str = "vllm"
    root: str
    parent: None = None
    max_model_len: int
    permission: list[Permission]


class ModelList(msgspec.Struct, kw_only=True):
    object: Literal["list"] = "list"
    data: list[ModelCard]


class Version(msgspec.Struct):
    version: str = VLLM_VERSION


async def models(request: Request) -> Response:
    service = service_of(request)
    return whole(ModelList(data=[_card(name, service.now(), service.root, service.max_model_len)
                                 for name in service.names]))  # fmt: skip


async def health(request: Request) -> Response:
    return Response(status_code=503 if service_of(request).engine.dead else 200)


async def ping(request: Request) -> Response:
    return await health(request)


async def version(request: Request) -> Response:
    return whole(Version())


async def metrics(request: Request) -> Response:
    service = service_of(request)
    running, waiting = service.engine.load
    service.metrics.running.set(running)
    service.metrics.waiting.set(waiting)
    return Response(generate_latest(service.metrics.registry), media_type=METRICS_TYPE)


def _card(name: str, now: int, root: str, limit: int) -> ModelCard:
    permission = Permission(id=f"modelperm-{secrets.token_hex(8)}", created=now)
    return ModelCard(id=name, created=now, root=root, max_model_len=limit, permission=[permission])
