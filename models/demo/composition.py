"""Builds the server by hand, top to bottom, and runs it."""

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from socket import socket as Socket

import torch
from transformers.utils import logging as transformers_logging

from models.demo import cpu, server
from models.demo.engine import Engine
from models.demo.memory import ResponseMemory
from models.demo.metrics import Metrics
from models.demo.network import TorchNetwork
from models.demo.process import Process
from models.demo.sampler import TorchSampler
from models.demo.service import VLLM_VERSION, Service
from models.demo.transformers_tokenizer import TransformersTokenizer

SEATS = 16
EXIT_DEAD_ENGINE = 1


@dataclass(frozen=True)
class Plan:
    """`model` is a directory or hub id; `dtype` float32, bfloat16 or auto."""

    model: str
    names: tuple[str, ...]
    max_model_len: int
    threads: int
    dtype: str


async def run(plan: Plan, sockets: list[Socket], on_ready: Callable[[], None]) -> None:
    """Serves until a signal. Raises SystemExit if the engine fails, as vLLM's server ends with its engine."""
    _quiet()
    loop = asyncio.get_running_loop()
    network = TorchNetwork.load(plan.model, SEATS, plan.max_model_len, _number(plan.dtype), plan.threads)
    metrics = Metrics(plan.names[0])
    engine = Engine(network, TorchSampler(), metrics, post=loop.call_soon_threadsafe)
    service = Service(
        engine=engine,
        tokenizer=TransformersTokenizer.load(plan.model),
        metrics=metrics,
        names=plan.names,
        root=plan.model,
        max_model_len=network.limit,
        vocabulary=network.vocabulary,
        fingerprint=_fingerprint(plan),
        clock=time.time,
        memory=ResponseMemory(),
    )
    running = Process(server.build(service), on_ready, on_end=engine.stop)
    engine.on_death = lambda: loop.call_soon_threadsafe(running.end)
    engine.start()
    await running.serve_until_told(sockets)
    if engine.failed:
        raise SystemExit(EXIT_DEAD_ENGINE)


def _number(dtype: str) -> torch.dtype:
    native = "bfloat16" if cpu.has_bfloat16() else "float32"
    number: torch.dtype = getattr(torch, native if dtype == "auto" else dtype)
    return number


def _fingerprint(plan: Plan) -> str:
    """Equal for servers that would give equal answers, in vLLM's form."""
    parts = (Path(plan.model).name, str(plan.max_model_len), plan.dtype, torch.__version__)
    return f"vllm-{VLLM_VERSION}-{hashlib.sha256(' '.join(parts).encode()).hexdigest()[:8]}"


def _quiet() -> None:
    """Libraries log to standard error only what is wrong."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    transformers_logging.disable_progress_bar()
