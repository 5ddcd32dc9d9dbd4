"""A server of embeddings for benchmarks: `/v1/embeddings` in vLLM's shape, answered in one of three ways.

    instant    one vector for all, made beforehand: what is left is the cost of requests
    plain      MiniLM reads each request's inputs together, one request after the other
    batching   MiniLM reads what waits together, whoever sent it, as an engine that batches by itself does
"""

import argparse
import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import uvloop

from guardrails.classifiers.embedding import Topics
from models.batching import Pace, Queue

WAYS = ("instant", "plain", "batching")
MOST_INPUTS = 64  # read at once
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class Reader:
    """Reads texts, in a thread of its own."""

    def __init__(self, way: str) -> None:
        self._model = Topics() if way != "instant" else None
        self._thread = ThreadPoolExecutor(1)
        self._line: Queue[tuple[list[str], asyncio.Future[list[Any]]]] = Queue(MOST_INPUTS, 1 << 30)
        self._pace = Pace(self._line, self._send, time=asyncio.get_running_loop().time,
                          later=asyncio.get_running_loop().call_later, patience=0.0, most=1)
        self._together = way == "batching"
        self._tasks: set[asyncio.Task[None]] = set()

    async def vectors(self, texts: list[str]) -> list[Any]:
        if self._model is None:
            return [INSTANT] * len(texts)
        found: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._line.add((texts, found), len(texts) if self._together else MOST_INPUTS, 1)
        self._pace.arrived()
        return await found

    def _send(self, batch: list[tuple[list[str], "asyncio.Future[list[Any]]"]]) -> None:
        task = asyncio.ensure_future(self._read(batch))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self, batch: list[tuple[list[str], "asyncio.Future[list[Any]]"]]) -> None:
        texts = [text for own, _ in batch for text in own]
        found = await asyncio.get_running_loop().run_in_executor(self._thread, self._vectors, texts)
        for own, future in batch:
            future.set_result(found[: len(own)])
            found = found[len(own) :]
        self._pace.returned(shared=False)

    def _vectors(self, texts: list[str]) -> list[Any]:
        assert self._model is not None
        return [vector.tolist() for vector in self._model.read([self._model.cut(text).pieces[0] for text in texts])]


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
