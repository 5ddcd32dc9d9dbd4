"""How the fake upstream treats one request: everything is one flat record, so that a test says only what is unusual."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Fault(StrEnum):
    """What happens to the connection at the chosen place."""

    RESET = "reset"  # RST: the process was killed, or a firewall gave up
    FIN = "fin"  # an orderly close, too early
    HANG = "hang"  # silence with the connection open: a black hole


class Place(StrEnum):
    """Where in the reply the fault strikes."""

    ACCEPT = "accept"  # connection accepted, nothing read
    HEAD = "head"  # request read, not one byte answered
    IN_HEAD = "in_head"  # half of the status line and headers
    BODY = "body"  # head sent, no body
    TOKEN = "token"  # `after` whole tokens sent
    IN_TOKEN = "in_token"  # `after` tokens, then half of the next event
    UTF8 = "utf8"  # `after` tokens, then half of a character
    ESCAPE = "escape"  # `after` tokens, then the backslash of a JSON escape
    CHUNK_SIZE = "chunk_size"  # `after` tokens, then half of a chunk-size line
    END = "end"  # every event sent, the last chunk missing


class Behaviour(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One scripted reply. Without arguments: what vLLM does.

    Times are in seconds. In a request body under the key `fake`, or in the header `x-fake` as JSON, the same fields
    steer a fake that runs as a process of its own.
    """

    # what the model says
    tokens: int | None = None  # content tokens; None: max_tokens of the request, else 8
    text: tuple[str, ...] | None = None  # the tokens themselves
    finish: str | None = None  # "stop" | "length" | ...; None: as vLLM would
    usage: bool = True  # False: no usage, even where it was asked for
    # when it says it
    accept_delay: float = 0.0
    head_delay: float = 0.0
    first_token_delay: float = 0.0
    token_delay: float = 0.0
    # how it fails
    fault: Fault | None = None
    at: Place = Place.HEAD
    after: int = 0
    engine_death: int | None = None  # after n tokens: an error event, and still [DONE]; in a whole reply a 500
    done: bool = True  # False: the stream ends without [DONE]
    status: int = 200
    body: bytes | None = None  # instead of the model's answer
    raw: bytes | None = None  # instead of everything: status line, headers, body
    # how it is framed
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str | None = None
    framing: str | None = None  # "chunked" | "length" | "eof"; None: as vLLM would
    content_length: int | None = None  # a lie; the framing becomes "length"
    interim: tuple[int, ...] = ()  # 1xx heads before the real one
    close: bool = False  # `connection: close`, and keep the word
    # how the bytes are cut
    pieces: tuple[int, ...] = ()  # sizes of successive writes, cycled
    one_write: bool = False
    newline: str = "\n"
    comments: bool = False  # `: ping` before each event
    data_space: bool = True  # False: `data:{...}`
    split_data: bool = False  # each event's JSON over two data lines


def busy(status: int = 503, retry_after: str | None = None) -> Behaviour:
    """What `vllm serve --max-num-queued-reqs` answers when full; vLLM itself sends no Retry-After."""
    message = "The engine is currently busy and cannot accept new requests. "
    message += "Please try again later or on a different instance."
    kind = "Service Unavailable" if status == 503 else "Too Many Requests"
    body = msgspec.json.encode({"error": {"message": message, "type": kind, "param": None, "code": status}})
    headers = (("retry-after", retry_after),) if retry_after is not None else ()
    return Behaviour(status=status, body=body, headers=headers)
