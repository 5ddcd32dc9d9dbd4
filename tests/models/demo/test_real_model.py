"""The demo model itself: SmolLM2-135M-Instruct on torch. Needs the `demo` extra; fetches the weights once."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from openai import OpenAI

from models.demo import cpu
from models.demo.engine import CHUNK_TOKENS, Engine
from models.demo.metrics import Metrics
from models.demo.params import Params
from models.demo.sequence import Piece, Sequence
from models.demo.weights import SMOLLM2, cache_folder, ensure
from tests.models.demo.test_weights import Notes

pytestmark = pytest.mark.demo

MODEL = "smollm2-135m"
CAPITAL = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "What is the capital of France?"}]
QUESTIONS = [
    "What is the capital of France?",
    "Write a poem about a cat.",
    "Say something with emoji.",
    "Who was Albert Einstein, and what is he known for? Tell me about his life, please.",
    "2+2?",
    "Name three colours.",
    "Why is the sky blue?",
    "Tell me a story about a lighthouse. " * 20,
]


@pytest.fixture(scope="module")
def folder() -> Path:
    return ensure(SMOLLM2, cache_folder(os.environ), Notes())


class Model:
    """Network, sampler and tokenizer, with an engine made anew for each batch so that its count begins at nothing."""

    def __init__(self, folder: Path) -> None:
        from models.demo.composition import _number
        from models.demo.network import TorchNetwork
        from models.demo.sampler import TorchSampler
        from models.demo.transformers_tokenizer import TransformersTokenizer

        threads = cpu.default_threads(cpu.usable_cores())
        self.network = TorchNetwork.load(folder, 16, 2048, _number("auto"), threads)
        self.sampler, self.tokenizer = TorchSampler(), TransformersTokenizer.load(folder)

    def ask(self, *questions: str, **params: Any) -> tuple[list[str], Engine]:
        """The answers, given together, and the engine that gave them."""
        engine = Engine(self.network, self.sampler, Metrics(MODEL), post=lambda call: call())
        answers: list[list[Piece]] = [[] for _ in questions]
        ended = threading.Semaphore(0)
        for question, pieces in zip(questions, answers, strict=True):
            engine.submit(self._sequence(question, pieces, ended, {"max_tokens": 16, "temperature": 0} | params))
        engine.start()
        for _ in questions:
            assert ended.acquire(timeout=120)
        engine.stop()
        return ["".join(piece.text for piece in pieces) for pieces in answers], engine

    def _sequence(
        self, question: str, pieces: list[Piece], ended: threading.Semaphore, params: dict[str, Any]
    ) -> Sequence:
        def deliver(piece: Piece) -> None:
            pieces.append(piece)
            if piece.finish_reason:
                ended.release()

        text = self.tokenizer.render([{"role": "user", "content": question}], add_generation_prompt=True)
        prompt = self.tokenizer.encode(text, special=False)
        return Sequence(prompt, Params(**params), self.tokenizer.decode, self.tokenizer.eos, 2048, deliver=deliver)


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    return Model(folder)


def test_eight_at_once_share_their_passes(model: Model) -> None:
    _, engine = model.ask(*QUESTIONS, ignore_eos=True)
    assert engine.count.largest_batch == 8
    assert engine.count.passes < 8 * 15 / 4


@pytest.mark.parametrize("params", [{}, {"temperature": 1.0, "seed": 7, "top_p": 0.9}], ids=["greedy", "seeded"])
def test_an_answer_does_not_depend_on_the_company(model: Model, params: dict[str, Any]) -> None:
    some = QUESTIONS[:4] + QUESTIONS[-1:]
    together, _ = model.ask(*some, **params)
    assert together == [model.ask(question, **params)[0][0] for question in some]


def test_a_prompt_is_understood_alike_read_at_once_in_chunks_or_token_by_token(model: Model) -> None:
    network, fox = model.network, "The quick brown fox jumps over the lazy dog. "
    tokens = model.tokenizer.encode(fox * 60 + "The quick brown fox", special=False)
    readings = [network.read(tokens, 0, every=False)[-1]]
    for start in range(0, len(tokens), CHUNK_TOKENS):
        chunked = network.read(tokens[start : start + CHUNK_TOKENS], start, every=False)[-1]
    network.seat(0, len(tokens) - 1)
    readings += [chunked, network.extend(tokens[-1:], [len(tokens) - 1])[0]]
    assert {model.tokenizer.decode([int(each.argmax())]) for each in readings} == {" jumps"}


def test_likely_sentences_are_near_each_other(model: Model) -> None:
    def vector(text: str) -> list[float]:
        return model.network.embed(model.tokenizer.encode(text, special=False))

    cat, kitten, tax = map(vector, ("The cat sleeps.", "A kitten is sleeping.", "File the tax return by April."))
    near, far = (sum(a * b for a, b in zip(cat, other, strict=True)) for other in (kitten, tax))
    assert sum(a * a for a in cat) == pytest.approx(1, abs=1e-3)
    assert near > far


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """The command, on two ports, with the URLs that its ready line names."""
    command = [sys.executable, "-m", "models.demo", "--port", "0", "--port", "0", "--served-model", MODEL]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        urls = re.findall(r"http://\S+/v1", line)
        assert len(urls) == 2, line
        yield process, urls
        process.kill()


@pytest.fixture
def openai(server: tuple[subprocess.Popen[str], list[str]]) -> Iterator[OpenAI]:
    with OpenAI(base_url=server[1][0], api_key="none", max_retries=0) as client:
        yield client


def test_both_ports_answer_the_same(server: tuple[subprocess.Popen[str], list[str]]) -> None:
    answers = []
    for url in server[1]:
        with OpenAI(base_url=url, api_key="none", max_retries=0) as client:
            reply = client.chat.completions.create(model=MODEL, messages=CAPITAL, temperature=0, max_tokens=16)
            answers.append(reply.choices[0].message.content)
    assert answers == ["The capital of France is Paris."] * 2


def test_a_stream_is_the_same_text_token_by_token(openai: OpenAI) -> None:
    stream = openai.chat.completions.create(
        model=MODEL, messages=CAPITAL, temperature=0, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    assert pieces == ["", "The", " capital", " of", " France", " is", " Paris", ".", ""]
    assert chunks[-1].usage.completion_tokens == 8


def test_choices_stops_and_logprobs(openai: OpenAI) -> None:
    stopped = openai.chat.completions.create(model=MODEL, messages=CAPITAL, temperature=0, stop=["France is"])
    assert stopped.choices[0].message.content == "The capital of "
    several = openai.chat.completions.create(
        model=MODEL, messages=CAPITAL, n=2, seed=1, max_tokens=5, logprobs=True, top_logprobs=2
    )
    assert len(several.choices) == 2
    for entry in several.choices[0].logprobs.content:
        assert entry.logprob <= 0
        assert len(entry.top_logprobs) == 2


def test_one_who_hangs_up_frees_the_seat(openai: OpenAI) -> None:
    with openai.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "Count to a thousand."}], stream=True, max_tokens=1500
    ) as stream:
        next(iter(stream))
    root = str(openai.base_url).removesuffix("/v1/")
    for _ in range(200):
        if 'vllm:num_requests_running{engine="0",model_name="smollm2-135m"} 0.0' in httpx2.get(f"{root}/metrics").text:
            return
    pytest.fail("the seat is still taken")


def test_many_at_once_all_get_their_answer(openai: OpenAI) -> None:
    def ask(question: str) -> str | None:
        reply = openai.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": question}], max_tokens=8
        )
        return reply.choices[0].message.content

    with ThreadPoolExecutor(20) as pool:
        assert all(pool.map(ask, [f"Say {number}." for number in range(20)]))


def test_an_end_by_signal_is_no_failure(server: tuple[subprocess.Popen[str], list[str]]) -> None:
    """The last test here: it ends the server."""
    process, _ = server
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
