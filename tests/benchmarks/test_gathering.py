"""The benchmark of gathering runs: its server answers as vLLM does, and a pair has all of its figures."""

from __future__ import annotations

from pathlib import Path

import openai
import pytest

from benchmarks.embedding_server import INSTANT
from benchmarks.gathering import started


@pytest.mark.parametrize("way", ["instant", "plain", "batching"])
async def test_a_pair_is_measured_before_a_server_that_answers_as_vllm_does(way: str, tmp_path: Path) -> None:
    with started(way, tmp_path) as bench:
        async with openai.AsyncOpenAI(base_url=bench.url, api_key="any", max_retries=0) as client:
            told = await client.embeddings.create(model="gathered", input=["a", "b"], encoding_format="float")
        assert [row.embedding for row in told.data] == [INSTANT] * 2
        measured = await bench.measure("gathered", 4, 0.2)
        figures = await bench.compare(2, 1, 0.1)
    assert all(value > 0 for value in measured.values())
    assert {name.rpartition(" ")[0] for name in figures} == set(measured)
