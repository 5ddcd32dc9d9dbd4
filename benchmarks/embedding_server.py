"""A server of embeddings for benchmarks: `/v1/embeddings` in vLLM's shape, answered in one of four ways.

    instant    at once: what is left is the cost of requests
    plain      scripted: a call takes CALL_SECONDS and INPUT_SECONDS for each input, one call after the other
    batching   the same, but what waits is read together, whoever sent it, as an engine does that batches by itself
    minilm     MiniLM on one processor core, by numpy, one call after the other

The vectors are one and the same, but for MiniLM's. The scripted times are no measurement of a model: sixty-four inputs
take 17 ms in one call, and 269 in sixty-four.
"""

import argparse
import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import uvloop

from guardrails.classifiers.embedding import Topics
from models.batching import Pace, Queue

WAYS = ("instant", "plain", "batching", "minilm")
CALL_SECONDS, INPUT_SECONDS = 0.004, 0.0002
MOST_INPUTS = 64  # read at once
Waiting = tuple[Sequence[str], "asyncio.Future[list[Any]]"]
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class Reader:
    """Reads texts, in a thread of its own."""

    def __init__(self, way: str) -> None:
        loop = asyncio.get_running_loop()
        self._read_here = {"instant": None, "minilm": minilm}.get(way, scripted)
        self._thread = ThreadPoolExecutor(1)
        self._line: Queue[Waiting] = Queue(MOST_INPUTS, 1 << 30)
        self._pace = Pace(self._line, self._send, time=loop.time, later=loop.call_later, most=1)
        self._together = way == "batching"
        self._tasks: set[asyncio.Task[None]] = set()
        self._model = Topics() if way == "minilm" else None

    async def vectors(self, texts: Sequence[str]) -> list[Any]:
        if self._read_here is None:
            return [INSTANT] * len(texts)
        found: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._line.add((texts, found), len(texts) if self._together else MOST_INPUTS, 1)
        self._pace.arrived()
        return await found

    def _send(self, batch: list[Waiting]) -> None:
        task = asyncio.ensure_future(self._read(batch))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self, batch: list[Waiting]) -> None:
        assert self._read_here is not None
        texts = [text for own, _ in batch for text in own]
        found = await asyncio.get_running_loop().run_in_executor(self._thread, self._read_here, texts, self._model)
        for own, future in batch:
            future.set_result(found[: len(own)])
            found = found[len(own) :]
        self._pace.returned(shared=False)


def scripted(texts: Sequence[str], _model: None) -> list[Any]:
    time.sleep(CALL_SECONDS + INPUT_SECONDS * len(texts))
    return [INSTANT] * len(texts)


def minilm(texts: Sequence[str], model: Topics) -> list[Any]:
    return [vector.tolist() for vector in model.read([model.cut(text).pieces[0] for text in texts])]


INSTANT = [round(place / 384, 6) for place in range(384)]


class Connection(asyncio.Protocol):
    """A client's connection. A request is taken to be sent only when the one before was answered."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._arrived = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self._arrived += data
        head, blank, body = self._arrived.partition(b"\r\n\r\n")
        if not blank:
            return
        length = next((int(line.partition(b":")[2]) for line in head.lower().split(b"\r\n")
                       if line.startswith(b"content-length:")), 0)
        if len(body) >= length:
            self._arrived = b""
            self._task = asyncio.ensure_future(self._answer(body))

    async def _answer(self, body: bytes) -> None:
        given = _decode(body)["input"] if body else []
        texts = given if isinstance(given, list) else [given]
        rows = [{"index": place, "object": "embedding", "embedding": vector}
                for place, vector in enumerate(await self._reader.vectors(texts) if texts else [])]
        tokens = sum(map(len, texts)) // 4
        reply = _encode({"id": "embd-1", "object": "list", "created": 1, "model": "m", "data": rows,
                         "usage": {"prompt_tokens": tokens, "total_tokens": tokens}})
        self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
                              % len(reply) + reply)


async def serve(port: int, way: str) -> None:
    reader = Reader(way)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(reader), "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--way", choices=WAYS, default="plain")
    given = parser.parse_args()
    uvloop.run(serve(given.port, given.way))


if __name__ == "__main__":
    main()
