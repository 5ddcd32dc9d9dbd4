"""A real vLLM, started once for the session (about 40 s), and the gateway in front of it, each a process of its own.

GATEWRIGHT_VLLM names a `vllm` command to use instead of making one; GATEWRIGHT_VLLM_MODEL a model directory.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
import yaml

from guardrails.classifiers.embedding import model_folder
from models.demo.weights import SMOLLM2, cache_folder
from models.demo.weights import ensure as ensure_weights
from models.engine import Engine, KvCache, Lora, command, environment
from tests.vllm.adapter import RANK, write_adapter
from tests.vllm.environment import ensure
from tests.vllm.processes import Server
from tests.vllm.wire import free_port

ROOT = Path(__file__).parents[2]
MODEL = "smollm2-135m"
ADAPTER = "terse"


@pytest.fixture(scope="session")
def vllm_program() -> Path:
    named = os.environ.get("GATEWRIGHT_VLLM")
    return Path(named) if named else ensure(cache_folder(os.environ) / "vllm")


@pytest.fixture(scope="session")
def weights(vllm_program: Path) -> Path:
    """The demo's model, as a directory that transformers and vLLM read. Converted with the libraries beside vLLM."""
    if named := os.environ.get("GATEWRIGHT_VLLM_MODEL"):
        return Path(named)

    def convert(gguf: Path, target: Path) -> None:
        python = str(vllm_program.with_name("python"))
        subprocess.run([python, "-m", "models.demo.conversion", str(gguf), str(target)], cwd=ROOT, check=True)

    return ensure_weights(SMOLLM2, cache_folder(os.environ), Quiet(), convert)


class Quiet:
    """Tells nobody how far the preparation of the weights has come."""

    def begin(self, task: str, total: int | None = None) -> None: ...
    def reach(self, done: int) -> None: ...


@pytest.fixture(scope="session")
def engine(weights: Path) -> Engine:
    """The description that every server of the suite begins from."""
    return Engine(
        model=str(weights), served_names=(MODEL,), device="cpu", dtype="bfloat16", max_model_len=2048,
        enforce_eager=True, kv_cache=KvCache(memory_bytes=256 << 20), tool_call_parser="hermes", response_store=True,
        shutdown_timeout_seconds=0,
    )


Start = Callable[[Engine, str], Server]


@pytest.fixture(scope="session")
def start_vllm(vllm_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts engines, without waiting for them; all are ended with the session."""
    logs, started = tmp_path_factory.mktemp("vllm"), list[Server]()

    def start(engine: Engine, name: str) -> Server:
        placed = msgspec.structs.replace(engine, port=free_port())
        server = Server(command(placed, str(vllm_program)), environment(placed, os.environ),
                        f"http://127.0.0.1:{placed.port}", logs / f"{name}.log")
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def vllm(start_vllm: Start, engine: Engine) -> Server:
    server = start_vllm(engine, "first")
    server.ready()
    return server


@pytest.fixture(scope="session")
def vllm_with_adapter(start_vllm: Start, engine: Engine, weights: Path, tmp_path_factory: pytest.TempPathFactory,
                      vllm: Server) -> Server:
    """A second server: the same base model, and a LoRA adapter beside it."""
    adapter = write_adapter(weights, tmp_path_factory.mktemp("adapters") / ADAPTER)
    lora = Lora(max_rank=RANK, adapters={ADAPTER: str(adapter)})
    server = start_vllm(msgspec.structs.replace(engine, lora=lora), "second")
    server.ready()
    return server


@pytest.fixture(scope="session")
def embeddings(start_vllm: Start) -> Server:
    """A server of sentence vectors, as "minilm"."""
    # It keeps nothing of a text: there is no prefix to find again.
    kv_cache = KvCache(memory_bytes=64 << 20, prefix_caching=False)
    server = start_vllm(Engine(model=str(model_folder()), served_names=("minilm",), device="cpu", dtype="float32",
                               enforce_eager=True, kv_cache=kv_cache, extra_args=("--runner", "pooling")), "embeddings")
    server.ready()
    return server


class Gateway(Server):
    """`gatewright serve` in a folder of its own; `admin` is where its metrics are."""

    def __init__(self, folder: Path, routing: object, environ: dict[str, str]) -> None:
        listen, self.admin = (f"127.0.0.1:{free_port()}" for _ in range(2))
        settings = {"listen": listen, "admin": self.admin, "state": "state", "routing": "routing.yaml", "auth": "none",
                    "database": "sqlite:///state/gatewright.db"}
        self.admin = f"http://{self.admin}"
        (folder / "gatewright.yaml").write_text(yaml.safe_dump(settings))
        (folder / "routing.yaml").write_text(yaml.safe_dump(routing))
        argv = [sys.executable, "-m", "operations.cli", "serve", "--config", str(folder / "gatewright.yaml")]
        super().__init__(argv, environ | {"PYTHONPATH": str(ROOT)}, f"http://{listen}", folder / "gateway.log")


StartGateway = Callable[..., Gateway]


@pytest.fixture(scope="session")
def start_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartGateway]:
    """Starts gateways on a routing document and waits until they can serve."""
    started = list[Gateway]()

    def start(routing: object, **environ: str) -> Gateway:
        gateway = Gateway(tmp_path_factory.mktemp("gateway"), routing, dict(os.environ) | environ)
        started.append(gateway)
        gateway.ready("/ready")
        return gateway

    yield start
    for gateway in started:
        gateway.stop()


def version(*servers: Server, served_model: str = MODEL) -> dict[str, object]:
    return {"served_model": served_model, "endpoints": [server.url for server in servers]}


@pytest.fixture(scope="session")
def gateway(start_gateway: StartGateway, vllm: Server) -> Gateway:
    """In front of one server. The model goes by the name that the server gives it, and by another."""
    return start_gateway({
        "versions": {"smol-1": version(vllm)},
        "models": {MODEL: {"split": {"smol-1": 1}}, "assistant": {"split": {"smol-1": 1}}},
    })


@pytest.fixture(scope="session")
def fleet(start_gateway: StartGateway, vllm: Server, vllm_with_adapter: Server) -> Gateway:
    """In front of two servers: a version that is served by both, and the adapter as a version of its own."""
    return start_gateway({
        "versions": {"smol-1": version(vllm, vllm_with_adapter),
                     "adapter": version(vllm_with_adapter, served_model=ADAPTER)},
        "models": {MODEL: {"split": {"smol-1": 1}}, "assistant": {"split": {"smol-1": 90, "adapter": 10}}},
    })
