"""What an operator writes about one `vllm serve` process; an unknown key is an error."""

from typing import Literal

import msgspec


class Lora(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Adapters served beside the base model, each under a name of its own."""

    max_rank: int | None = None
    adapters: dict[str, str] = {}
    max_at_once: int = 1
    runtime_updates: bool = False


class KvCache(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The attention cache: its size in bytes, or as a fraction of the device's memory, and its form."""

    memory_bytes: int | None = None
    memory_fraction: float | None = None
    dtype: str | None = None
    prefix_caching: bool = True


class Engine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `vllm serve` process. `model` is a Hub id, or a path that begins with `/`, `./`, `../` or `~`."""

    model: str
    served_names: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    port: int = 8000
    device: Literal["gpu", "cpu"] = "gpu"
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    max_model_len: int | None = None
    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    quantization: str | None = None
    lora: Lora | None = None
    kv_cache: KvCache = KvCache()
    enforce_eager: bool = False
    max_running: int | None = None
    max_in_flight: int | None = None
    shutdown_timeout_seconds: int = 30
    tool_call_parser: str | None = None
    response_store: bool = False
    api_key_env: str | None = None
    environment: dict[str, str] = {}
    extra_args: tuple[str, ...] = ()

    @property
    def is_local(self) -> bool:
        return self.model.startswith(("/", "./", "../", "~"))
