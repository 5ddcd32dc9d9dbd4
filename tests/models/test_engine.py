"""models.engine: a description becomes exactly one command and one environment, or is refused with every reason."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.engine import Engine, EngineError, KvCache, Lora, command, describe, environment, read

SMALL = {"model": "./smollm2", "served_names": ["smollm2-135m"], "port": 9101, "device": "cpu", "dtype": "bfloat16",
         "max_model_len": 2048, "enforce_eager": True, "kv_cache": {"memory_bytes": 1 << 30}}


def problems_with(**changes: object) -> tuple[str, ...]:
    with pytest.raises(EngineError) as refused:
        read({**SMALL, **changes})
    return refused.value.problems


def test_a_small_engine_on_a_cpu_is_this_command() -> None:
    assert command(read(SMALL)) == [
        "vllm", "serve", "./smollm2", "--served-model-name", "smollm2-135m", "--host", "127.0.0.1", "--port", "9101",
        "--dtype", "bfloat16", "--max-model-len", "2048", "--kv-cache-memory-bytes", "1073741824",
        "--enable-prefix-caching", "--enforce-eager", "--shutdown-timeout", "30",
    ]


def test_a_large_engine_on_gpus_with_adapters_is_this_command() -> None:
    engine = Engine(
        model="org/large", served_names=("large", "default"), tensor_parallel=4, pipeline_parallel=2,
        quantization="fp8", kv_cache=KvCache(memory_fraction=0.9, dtype="fp8", prefix_caching=False), max_running=64,
        max_in_flight=256, tool_call_parser="hermes", extra_args=("--seed", "7"),
        lora=Lora(max_rank=16, max_at_once=2, adapters={"support": "/adapters/support", "legal": "/adapters/legal"}),
    )
    assert " ".join(command(engine, "/opt/vllm")) == (
        "/opt/vllm serve org/large --served-model-name large default --host 127.0.0.1 --port 8000 --dtype auto "
        "--tensor-parallel-size 4 --pipeline-parallel-size 2 --quantization fp8 "
        "--enable-lora --max-loras 2 --max-lora-rank 16 --lora-modules support=/adapters/support legal=/adapters/legal "
        "--gpu-memory-utilization 0.9 --kv-cache-dtype fp8 --no-enable-prefix-caching --max-num-seqs 64 "
        "--max-num-queued-reqs 256 --shutdown-timeout 30 --enable-auto-tool-choice --tool-call-parser hermes --seed 7"
    )


def test_an_engine_never_sends_usage_statistics_and_never_fetches_a_local_model() -> None:
    own = environment(read(SMALL), {})
    assert own == {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1", "TORCHDYNAMO_DISABLE": "1"}
    assert "HF_HUB_OFFLINE" not in environment(read({**SMALL, "model": "org/name"}), {})


def test_the_inherited_environment_stays_and_the_description_wins() -> None:
    described = read({**SMALL, "environment": {"OMP_NUM_THREADS": "1"}})
    made = environment(described, {"PATH": "/bin", "OMP_NUM_THREADS": "8"})
    assert (made["PATH"], made["OMP_NUM_THREADS"]) == ("/bin", "1")


def test_an_inherited_cache_size_does_not_win_over_the_one_described() -> None:
    inherited = {"VLLM_CPU_KVCACHE_SPACE": "40"}
    assert "VLLM_CPU_KVCACHE_SPACE" not in environment(read(SMALL), inherited)
    assert environment(read({**SMALL, "kv_cache": {}}), inherited)["VLLM_CPU_KVCACHE_SPACE"] == "40"


def test_switches_that_vllm_reads_from_its_environment_are_set_there() -> None:
    made = environment(read({**SMALL, "response_store": True, "lora": {"max_rank": 8, "runtime_updates": True}}), {})
    assert made["VLLM_ENABLE_RESPONSES_API_STORE"] == "1"
    assert made["VLLM_ALLOW_RUNTIME_LORA_UPDATING"] == "True"


def test_the_api_key_reaches_the_environment_and_neither_the_argv_nor_what_is_shown() -> None:
    engine, inherited = read({**SMALL, "api_key_env": "SMOL_KEY"}), {"SMOL_KEY": "s3cret"}
    assert environment(engine, inherited)["VLLM_API_KEY"] == "s3cret"
    assert "s3cret" not in " ".join(command(engine)) + describe(engine, "vllm", inherited)
    assert "VLLM_API_KEY=***" in describe(engine, "vllm", inherited)


def test_a_key_whose_variable_is_unset_is_refused() -> None:
    with pytest.raises(EngineError, match="the variable SMOL_KEY is not set"):
        environment(read({**SMALL, "api_key_env": "SMOL_KEY"}), {})


@pytest.mark.parametrize(("changes", "path"), [
    ({"model": "model.gguf"}, "model"),
    ({"model": "--help"}, "model"),
    ({"port": 0}, "port"),
    ({"max_model_len": 0}, "max_model_len"),
    ({"max_in_flight": 0}, "max_in_flight"),
    ({"shutdown_timeout_seconds": -1}, "shutdown_timeout_seconds"),
    ({"tensor_parallel": 2}, "tensor_parallel"),
    ({"pipeline_parallel": 2}, "pipeline_parallel"),
    ({"kv_cache": {"memory_bytes": 1, "memory_fraction": 0.5}}, "kv_cache"),
    ({"kv_cache": {"memory_bytes": 0}}, "kv_cache.memory_bytes"),
    ({"kv_cache": {"memory_fraction": 1.5}}, "kv_cache.memory_fraction"),
    ({"lora": {"adapters": {"a": "/a"}}}, "lora.max_rank"),
    ({"lora": {"adapters": {"a": "/a"}, "max_rank": 7}}, "lora.max_rank"),
    ({"lora": {"adapters": {"a": "/a"}, "max_rank": 8, "max_at_once": 0}}, "lora.max_at_once"),
    ({"lora": {"max_rank": 8}}, "lora"),
    ({"lora": {"adapters": {"smollm2-135m": "/a"}, "max_rank": 8}}, "lora.adapters.smollm2-135m"),
    ({"lora": {"adapters": {"a=b": "/a"}, "max_rank": 8}}, "lora.adapters"),
    ({"extra_args": ["--port=1"]}, "extra_args"),
    ({"extra_args": ["--max_model_len", "1"]}, "extra_args"),
    ({"extra_args": ["--api-key", "k"]}, "extra_args"),
    ({"environment": {"VLLM_API_KEY": "k"}}, "environment"),
    ({"environment": {"VLLM_CPU_KVCACHE_SPACE": "1"}}, "environment"),
])
def test_a_contradiction_is_refused_by_its_path(changes: dict[str, object], path: str) -> None:
    (problem,) = problems_with(**changes)
    assert problem.startswith(f"{path}: ")


def test_every_contradiction_is_told_at_once() -> None:
    assert len(problems_with(port=0, tensor_parallel=2, lora={"max_rank": 9, "runtime_updates": True})) == 3


def test_an_unknown_key_is_refused() -> None:
    assert "tensor_paralel" in problems_with(tensor_paralel=2)[0]


def run_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PATH": ""}
    return subprocess.run([sys.executable, "-m", "models.engine", *arguments], env=environ, text=True,
                          capture_output=True, check=False)


def test_a_dry_run_shows_the_command_and_runs_nothing(tmp_path: Path) -> None:
    file = tmp_path / "engine.yaml"
    file.write_text("model: ./smollm2\nport: 9101\n")
    done = run_command(str(file), "--dry-run", "--vllm", "/nowhere/vllm")
    assert done.returncode == 0
    assert "/nowhere/vllm serve ./smollm2 --host 127.0.0.1 --port 9101" in done.stdout


def test_the_command_tells_every_problem_of_a_file_and_fails(tmp_path: Path) -> None:
    file = tmp_path / "engine.yaml"
    file.write_text("model: ./smollm2\nport: 0\ndevice: cpu\ntensor_parallel: 2\n")
    done = run_command(str(file))
    assert done.returncode == 1
    assert done.stderr.splitlines() == [f"{file}: port: expected 1 to 65535, found 0",
                                        f"{file}: tensor_parallel: counts GPUs, and device is cpu"]


def test_a_missing_vllm_is_an_error_and_no_traceback(tmp_path: Path) -> None:
    file = tmp_path / "engine.yaml"
    file.write_text("model: ./smollm2\n")
    done = run_command(str(file), "--vllm", "/nowhere/vllm")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
