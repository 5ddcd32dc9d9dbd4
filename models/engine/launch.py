"""From a description to the exact `vllm serve` command and its environment: pure functions, flags of vLLM 0.32."""

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from models.engine.description import Engine, KvCache, Lora
from models.engine.problems import API_KEY_VARIABLE, CPU_CACHE_VARIABLE, problems_of


class EngineError(ValueError):
    """A description that cannot be run; `problems` names every reason, each by its path."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


def read(document: Any) -> Engine:
    """Returns the engine that a parsed YAML document describes; raises EngineError."""
    try:
        engine = msgspec.convert(document, Engine)
    except msgspec.ValidationError as error:
        raise EngineError([str(error)]) from None
    check(engine)
    return engine


def check(engine: Engine) -> None:
    """Raises EngineError with every contradiction in the description."""
    if problems := list(problems_of(engine)):
        raise EngineError(problems)


def command(engine: Engine, program: str = "vllm") -> list[str]:
    """Returns the argv. No secret is in it: whoever may list processes may read an argv."""
    check(engine)
    return [program, "serve", os.path.expanduser(engine.model), *_flags(engine), *engine.extra_args]


def environment(engine: Engine, inherited: Mapping[str, str]) -> dict[str, str]:
    """Returns the whole environment of the process; raises EngineError where the API key's variable is unset."""
    check(engine)
    kept = dict(inherited)
    if engine.kv_cache.memory_bytes is not None:
        kept.pop(CPU_CACHE_VARIABLE, None)
    return kept | _own_environment(engine) | engine.environment | _secret(engine, inherited)


def _flags(engine: Engine) -> Iterator[str]:
    if engine.served_names:
        yield from ("--served-model-name", *engine.served_names)
    yield from ("--host", engine.host, "--port", str(engine.port), "--dtype", engine.dtype)
    yield from _option("--max-model-len", engine.max_model_len)
    if engine.tensor_parallel > 1:
        yield from ("--tensor-parallel-size", str(engine.tensor_parallel))
    if engine.pipeline_parallel > 1:
        yield from ("--pipeline-parallel-size", str(engine.pipeline_parallel))
    yield from _option("--quantization", engine.quantization)
    if engine.lora is not None:
        yield from _lora_flags(engine.lora)
    yield from _cache_flags(engine.kv_cache)
    yield from _service_flags(engine)


def _option(flag: str, value: object | None) -> tuple[str, ...]:
    return () if value is None else (flag, str(value))


def _lora_flags(lora: Lora) -> Iterator[str]:
    yield from ("--enable-lora", "--max-loras", str(lora.max_at_once), "--max-lora-rank", str(lora.max_rank))
    if lora.adapters:
        yield "--lora-modules"
        yield from (f"{name}={os.path.expanduser(path)}" for name, path in lora.adapters.items())


def _cache_flags(cache: KvCache) -> Iterator[str]:
    yield from _option("--kv-cache-memory-bytes", cache.memory_bytes)
    yield from _option("--gpu-memory-utilization", cache.memory_fraction)
    yield from _option("--kv-cache-dtype", cache.dtype)
    yield "--enable-prefix-caching" if cache.prefix_caching else "--no-enable-prefix-caching"


def _service_flags(engine: Engine) -> Iterator[str]:
    if engine.enforce_eager:
        yield "--enforce-eager"
    yield from _option("--max-num-seqs", engine.max_running)
    yield from _option("--max-num-queued-reqs", engine.max_in_flight)
    yield from ("--shutdown-timeout", str(engine.shutdown_timeout_seconds))
    if engine.tool_call_parser is not None:
        yield from ("--enable-auto-tool-choice", "--tool-call-parser", engine.tool_call_parser)


def _own_environment(engine: Engine) -> dict[str, str]:
    own = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    if engine.is_local:
        own["HF_HUB_OFFLINE"] = "1"
    if engine.device == "cpu" and engine.enforce_eager:
        # Otherwise the first request for logprobs compiles for 10 to 20 s with the engine standing still.
        own["TORCHDYNAMO_DISABLE"] = "1"
    if engine.lora is not None and engine.lora.runtime_updates:
        own["VLLM_ALLOW_RUNTIME_LORA_UPDATING"] = "True"
    if engine.response_store:
        own["VLLM_ENABLE_RESPONSES_API_STORE"] = "1"
    return own


def _secret(engine: Engine, inherited: Mapping[str, str]) -> dict[str, str]:
    if engine.api_key_env is None:
        return {}
    key = inherited.get(engine.api_key_env)
    if not key:
        raise EngineError([f"api_key_env: the variable {engine.api_key_env} is not set"])
    return {API_KEY_VARIABLE: key}


def describe(engine: Engine, program: str, inherited: Mapping[str, str]) -> str:
    """Returns the command as a shell would take it, with what it adds to the environment; the key is hidden."""
    added = sorted((k, v) for k, v in environment(engine, inherited).items() if inherited.get(k) != v)
    shown = (f"{name}={'***' if name == API_KEY_VARIABLE else shlex.quote(value)}" for name, value in added)
    return " \\\n  ".join([*shown, shlex.join(command(engine, program))])
