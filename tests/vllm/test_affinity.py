"""Affinity before two real servers: beginnings are read once, and no server is given more than its share.

The servers count themselves: `vllm:prefix_cache_hits_total` over `vllm:prefix_cache_queries_total`, in tokens.
"""

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from statistics import mean
from typing import Any

import msgspec
import pytest

from models.engine import Engine, KvCache
from tests.vllm.conftest import Gateway, Start, StartGateway, version
from tests.vllm.processes import Server
from tests.vllm.wire import ask, metric

pytestmark = pytest.mark.vllm

# A token of this model takes 30 layers x 3 heads x 64 x 2 (keys, values) x 2 bytes: 22.5 KiB. One server has room for
# some 6,300 of them, in blocks of 128; half of the conversations come to 40 whole blocks at their ends. So each server
# has room for its half and one more, as in a fleet where every server is needed.
KV_BYTES = 140 << 20
CONVERSATIONS = 20
TURNS = 4
CLIENTS = 2
WORKLOADS = 2  # by chance, one may be lucky
SIDES = ("left", "right")
WORDS = ("river", "winter", "letter", "garden", "copper", "market", "engine", "silver", "valley", "harbour", "forest",
         "window", "bridge", "candle", "meadow", "anchor")


@pytest.fixture(scope="module")
def pair(start_vllm: Start, engine: Engine) -> list[Server]:
    small = msgspec.structs.replace(engine, kv_cache=KvCache(memory_bytes=KV_BYTES))
    servers = []
    for name in SIDES:  # one after the other: to start takes all the processor that there is
        servers.append(start_vllm(small, name))
        servers[-1].ready()
    return servers


@pytest.fixture
def gateway(start_gateway: StartGateway, pair: list[Server]) -> Gateway:
    """Both servers under one name, and each under its own. A fresh one: what a server was given of late counts."""
    return start_gateway({
        "versions": {"both": version(*pair), **{name: version(one) for name, one in zip(SIDES, pair, strict=True)}},
        "models": {"near": {"split": {"both": 1}}, **{name: {"split": {name: 1}} for name in SIDES}},
    })


@pytest.fixture(scope="module")
def fresh() -> Iterator[int]:
    """A number for each workload: what one has made the servers read is no other's beginning."""
    return count(1)


def text(drawn: random.Random, words: int) -> str:
    return " ".join(drawn.choice(WORDS) for _ in range(words))


class Conversation:
    """Grows by a question and its answer a turn, from a beginning of its own of some 470 tokens."""

    def __init__(self, seed: str) -> None:
        self._drawn = random.Random(seed)
        self._messages = [{"role": "system", "content": text(self._drawn, 420)}]

    def turn(self, gateway: Gateway, models: Sequence[str]) -> None:
        self._messages.append({"role": "user", "content": text(self._drawn, 25)})
        answer = say(gateway, self._drawn.choice(models), self._messages)
        self._messages.append({"role": "assistant", "content": answer})


def say(gateway: Gateway, model: str, messages: list[dict[str, str]]) -> str:
    answer = ask(gateway.url, "/v1/chat/completions",
                 {"model": model, "messages": messages, "max_tokens": 4, "temperature": 0})
    assert answer.status == 200, answer.body
    said: Any = answer.json
    return str(said["choices"][0]["message"]["content"])


def total(servers: Sequence[Server], name: str) -> float:
    return sum(metric(server.url, name) for server in servers)


def hit_rate(gateway: Gateway, pair: Sequence[Server], models: Sequence[str], seed: int) -> float:
    """Holds all conversations side by side, each turn with a model drawn from ``models``; returns the share of prompt
    tokens that need not be read."""
    hits, queries = (total(pair, f"vllm:prefix_cache_{what}_total") for what in ("hits", "queries"))
    conversations = [Conversation(f"{seed}/{number}") for number in range(CONVERSATIONS)]
    drawn = random.Random(seed)
    with ThreadPoolExecutor(CLIENTS) as clients:
        for _ in range(TURNS):
            # People answer in about the order in which they were answered.
            places = {one: place + drawn.uniform(0, 4) for place, one in enumerate(conversations)}
            list(clients.map(lambda one: one.turn(gateway, models), sorted(conversations, key=places.__getitem__)))
    found, asked = (total(pair, f"vllm:prefix_cache_{what}_total") for what in ("hits", "queries"))
    return (found - hits) / (asked - queries)


def test_conversations_hit_twice_as_often_as_by_chance(gateway: Gateway, pair: list[Server], fresh: Iterator[int],
                                                       capsys: pytest.CaptureFixture[str]) -> None:
    by_chance = mean(hit_rate(gateway, pair, SIDES, next(fresh)) for _ in range(WORKLOADS))
    near = mean(hit_rate(gateway, pair, ["near"], next(fresh)) for _ in range(WORKLOADS))
    with capsys.disabled():
        print(f"\nprefix cache hits: {near:.3f} of all tokens with affinity, {by_chance:.3f} by chance")
    assert near >= 2 * by_chance


def test_a_beginning_that_most_requests_share_makes_no_server_hot(gateway: Gateway, pair: list[Server],
                                                                  fresh: Iterator[int],
                                                                  capsys: pytest.CaptureFixture[str]) -> None:
    """Nine of ten requests begin alike: where that beginning has been read, there is also room elsewhere."""
    drawn = random.Random(next(fresh))
    hot = text(drawn, 130)
    before = [metric(server.url, "vllm:request_success_total") for server in pair]

    def one(number: int) -> None:
        system = hot if number % 10 else text(random.Random(f"cold {number}"), 130)
        say(gateway, "near", [{"role": "system", "content": system}, {"role": "user", "content": f"question {number}"}])

    with ThreadPoolExecutor(4) as clients:
        list(clients.map(one, range(120)))
    taken = [metric(server.url, "vllm:request_success_total") - had for server, had in zip(pair, before, strict=True)]
    with capsys.disabled():
        print(f"\nrequests taken by each server: {taken}")
    assert sum(taken) == 120
    assert max(taken) <= 1.3 * sum(taken) / len(pair)
