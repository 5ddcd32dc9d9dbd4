"""What the gateway's own Python costs a request and a frame, without sockets: fake transports, real everything else.

    python benchmarks/hot_path.py [--profile request|frame]

Sockets are two thirds of what a request costs (docs/performance.md); this shows the rest, steadily enough to see a
microsecond. Times are CPU time of this process.
"""

import argparse
import asyncio
import cProfile
import pstats
import random
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from starlette.applications import Starlette
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.afterwards import Afterwards
from gateway.batches.board import Board
from gateway.batches.upload import Uploads
from gateway.cache.memory import Memory
from gateway.config.routing_document import check_routing
from gateway.config.settings import Batches, Limits
from gateway.door import Door
from gateway.gathering.gathering import Gathering
from gateway.hall import Hall
from gateway.host_keys import HostKeys
from gateway.idempotency import Claims
from gateway.ids import ExchangeIds
from gateway.journal import Journal
from gateway.outbox import Outbox
from gateway.pipeline import Pipeline
from gateway.snapshot import compile_snapshot
from gateway.stages.account import Account
from gateway.stages.admit import Admit
from gateway.stages.recall import Recall
from gateway.stages.repeat import Repeat
from gateway.stages.standard import standard_stages
from gateway.telemetry.faults import Faults
from gateway.telemetry.logs import Log
from models.endpoint import Endpoint, Endpoints
from models.protocol.document import encode_document
from models.upstream import Connection
from routing.affinity import Affinity

HEAD = b"""POST /v1/chat/completions HTTP/1.1\r
Host: 127.0.0.1:8000\r
User-Agent: OpenAI/Python 2.8.0\r
Accept: application/json\r
Content-Type: application/json\r
Authorization: Bearer none\r
Accept-Encoding: identity\r
X-Stainless-Lang: python\r
X-Stainless-Package-Version: 2.8.0\r
Content-Length: %d\r
\r
%b"""
_CHUNK = (
    b'data: {"id":"chatcmpl-5f0c9f8d8a7b4f53a4b1d9c7e6a2b1c0","object":"chat.completion.chunk","created":1760000000,'
    b'"model":"acme-chat-8b","choices":[{"index":0,"delta":{"content":" token"},"logprobs":null,'
    b'"finish_reason":null,"token_ids":null}],"usage":{"prompt_tokens":36,"total_tokens":37,"completion_tokens":1,'
    b'"completion_tokens_details":null}}\n\n'
)


class Sink:
    """A transport that takes everything and keeps nothing."""

    def __init__(self) -> None:
        self.written = 0

    def write(self, data: bytes) -> None:
        self.written += len(data)

    def is_closing(self) -> bool:
        return False

    def get_extra_info(self, name: str, default: object = None) -> object:
        return default

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None


class Clock:
    """The system's, as in a worker."""

    def __init__(self) -> None:
        self.time = time.monotonic
        self.wall = time.time


def build(folder: Path, loop: asyncio.AbstractEventLoop, account: type[Account] = Account) -> tuple[Door, Connection]:
    """A door on one side and an idle upstream connection on the other, with the gateway between them."""
    faults = Faults(Log(sys.stderr))
    board = Board(folder, "w0")
    endpoints = Endpoints(lambda url: Endpoint(url, loop=loop, time=time.monotonic, traffic=board.cell(url)))
    document = check_routing(
        {
            "versions": {"v1": {"served_model": "acme-chat-8b", "endpoints": ["http://127.0.0.1:1"]}},
            "models": {"assistant": {"split": {"v1": 1}}},
        },
        "routing",
    )
    snapshot = compile_snapshot(document, endpoints, lambda _: "", guards={}, revision=1, digest="", created_at=0)
    new_id = ExchangeIds(time.time)
    journal = Journal(folder, "w0", writer=new_id.life)
    pipeline = Pipeline(
        standard_stages(
            account=account("w0", journal, Clock()),
            keys=None,
            host_keys=HostKeys(b"p" * 32, b"m" * 32),
            admit=Admit(100),
            limits=Limits(),
            clock=Clock(),
            random=random.random,
            log=faults,
            guard_log=Log(sys.stderr),
            afterwards=Afterwards("w0", journal, Clock(), Log(sys.stderr)),
            threads=ThreadPoolExecutor(1),
            repeat=Repeat(Claims(folder, bytes(32)), Clock(), faults),
            recall=Recall(Memory(1 << 20, time.monotonic), None, bytes(32), Clock(), faults),
            affinity=Affinity(time.monotonic),
            gathering=Gathering(Clock(), loop.call_later, faults),
        ),
        faults,
    )
    hall = Hall(
        uvicorn=Config(Starlette(), http=HttpToolsProtocol, ws="none", lifespan="off", log_config=None),
        pipeline=pipeline,
        snapshot=lambda: snapshot,
        limits=Limits(),
        clock=Clock(),
        new_id=new_id,
        outbox=Outbox(loop, lambda: False, lambda: False), turned_away=print,
        uploads=Uploads(folder, Batches(), None),
    )
    door = Door(hall, loop)
    door.connection_made(Sink())
    endpoint = endpoints.get("http://127.0.0.1:1")
    upstream = Connection(endpoint, time.monotonic)
    upstream.connection_made(Sink())
    endpoint.keep(upstream)
    return door, upstream


def body(stream: bool) -> bytes:
    messages = [
        {"role": "system", "content": "You are a helpful assistant. " * 10},
        {"role": "user", "content": "Tell me about rivers. " * 20},
    ]
    return encode_document(
        {"model": "assistant", "messages": messages, "temperature": 0.7, "max_tokens": 200, "stream": stream}
    )


def whole_reply() -> bytes:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": "There are many rivers. " * 38, "refusal": None},
        "logprobs": None,
        "finish_reason": "stop",
    }
    usage = {"prompt_tokens": 181, "total_tokens": 381, "completion_tokens": 200}
    text = encode_document(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1760000000,
            "model": "acme-chat-8b",
            "choices": [choice],
            "usage": usage,
        }
    )
    return b"HTTP/1.1 200 OK\r\nserver: uvicorn\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (
        len(text),
        text,
    )


def requests(door: Door, upstream: Connection, count: int) -> None:
    document, reply = body(stream=False), whole_reply()
    request = HEAD % (len(document), document)
    for _ in range(count):
        door.data_received(request)
        upstream.data_received(reply)


def frames(door: Door, upstream: Connection, count: int) -> None:
    document = body(stream=True)
    door.data_received(HEAD % (len(document), document))
    upstream.data_received(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    chunk = b"%x\r\n%b\r\n" % (len(_CHUNK), _CHUNK)
    for _ in range(count):
        upstream.data_received(chunk)
    upstream.data_received(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")


def measure(work: Callable[[Door, Connection, int], None], count: int, rounds: int) -> float:
    """Microseconds of CPU a turn, the best of the rounds: what disturbs only ever adds."""
    best = float("inf")
    with tempfile.TemporaryDirectory() as folder:
        loop = asyncio.new_event_loop()
        door, upstream = build(Path(folder), loop)
        for _ in range(rounds):
            began = time.process_time()
            work(door, upstream, count)
            best = min(best, time.process_time() - began)
        loop.close()
    return best / count * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", choices=("request", "frame"))
    parser.add_argument("--count", type=int, default=10_000)
    options = parser.parse_args()
    if options.profile:
        profile = cProfile.Profile()
        work = requests if options.profile == "request" else frames
        profile.runcall(measure, work, options.count, 1)
        pstats.Stats(profile).sort_stats("tottime").print_stats(28)
        return
    print(f"a request: {measure(requests, options.count, 7):6.1f} µs")
    print(f"a frame:   {measure(frames, options.count, 7):6.1f} µs")


if __name__ == "__main__":
    main()
