"""The contradictions in a description, found before anything starts: vLLM takes half a minute to find some of them."""

from collections.abc import Iterator

from models.engine.description import Engine, KvCache, Lora

API_KEY_VARIABLE = "VLLM_API_KEY"
CPU_CACHE_VARIABLE = "VLLM_CPU_KVCACHE_SPACE"  # in GiB; where it is set, vLLM does not look at the flag
LORA_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
FLAGS_WITH_A_FIELD = frozenset({
    "--model", "--host", "--port", "--served-model-name", "--dtype", "--max-model-len",
    "--tensor-parallel-size", "-tp", "--pipeline-parallel-size", "-pp", "--quantization", "-q",
    "--enable-lora", "--lora-modules", "--max-loras", "--max-lora-rank",
    "--kv-cache-dtype", "--kv-cache-memory-bytes", "--gpu-memory-utilization", "--device-memory-utilization",
    "--enable-prefix-caching", "--no-enable-prefix-caching", "--enforce-eager", "--no-enforce-eager",
    "--max-num-seqs", "--max-num-queued-reqs", "--shutdown-timeout", "--enable-auto-tool-choice", "--tool-call-parser",
})


def problems_of(engine: Engine) -> Iterator[str]:
    yield from _problems_of_place(engine)
    yield from _problems_of_device(engine)
    yield from _problems_of_cache(engine.kv_cache)
    if engine.lora is not None:
        yield from _problems_of_lora(engine, engine.lora)
    yield from _problems_of_extras(engine)


def _problems_of_place(engine: Engine) -> Iterator[str]:
    if engine.model.endswith(".gguf"):
        yield "model: vllm serves no GGUF file; give the directory of its conversion to transformers' form"
    if not engine.model or engine.model.startswith("-"):
        yield f"model: expected a path or a Hub id, found {engine.model!r}"
    if not 0 < engine.port < 65536:
        yield f"port: expected 1 to 65535, found {engine.port}"
    for name in ("max_model_len", "max_running", "max_in_flight", "tensor_parallel", "pipeline_parallel"):
        value = getattr(engine, name)
        if value is not None and value < 1:
            yield f"{name}: expected 1 or more, found {value}"
    if engine.shutdown_timeout_seconds < 0:
        yield f"shutdown_timeout_seconds: expected 0 or more, found {engine.shutdown_timeout_seconds}"


def _problems_of_device(engine: Engine) -> Iterator[str]:
    if engine.device == "gpu":
        return
    for name in ("tensor_parallel", "pipeline_parallel"):
        if getattr(engine, name) > 1:
            yield f"{name}: counts GPUs, and device is cpu"


def _problems_of_cache(cache: KvCache) -> Iterator[str]:
    if cache.memory_bytes is not None and cache.memory_fraction is not None:
        yield "kv_cache: memory_bytes and memory_fraction both size it; keep one"
    if cache.memory_bytes is not None and cache.memory_bytes < 1:
        yield f"kv_cache.memory_bytes: expected 1 or more, found {cache.memory_bytes}"
    if cache.memory_fraction is not None and not 0 < cache.memory_fraction <= 1:
        yield f"kv_cache.memory_fraction: expected above 0 and at most 1, found {cache.memory_fraction}"


def _problems_of_lora(engine: Engine, lora: Lora) -> Iterator[str]:
    if lora.max_rank is None:
        yield "lora.max_rank: expected the highest rank among the adapters, found nothing"
    elif lora.max_rank not in LORA_RANKS:
        yield f"lora.max_rank: expected one of {', '.join(map(str, LORA_RANKS))}, found {lora.max_rank}"
    if lora.max_at_once < 1:
        yield f"lora.max_at_once: expected 1 or more, found {lora.max_at_once}"
    if not lora.adapters and not lora.runtime_updates:
        yield "lora: names no adapter, and none can come later (runtime_updates is false)"
    for name in lora.adapters:
        if name in (engine.served_names or (engine.model,)):
            yield f"lora.adapters.{name}: is also a name of the base model"
        if not name or "=" in name or name.startswith(("-", "{")):
            yield f"lora.adapters: {name!r} cannot be written as NAME=PATH"


def _problems_of_extras(engine: Engine) -> Iterator[str]:
    for word in engine.extra_args:
        flag = word.partition("=")[0].replace("_", "-")
        if flag == "--api-key":
            yield "extra_args: --api-key would show the key in the list of processes; name its variable in api_key_env"
        elif flag in FLAGS_WITH_A_FIELD:
            yield f"extra_args: {flag} is set by a field of its own"
    if API_KEY_VARIABLE in engine.environment:
        yield f"environment: {API_KEY_VARIABLE} is a secret; name the variable that holds it in api_key_env"
    if CPU_CACHE_VARIABLE in engine.environment and engine.kv_cache.memory_bytes is not None:
        yield f"environment: {CPU_CACHE_VARIABLE} would win over kv_cache.memory_bytes; keep one"
