"""What a model server can be asked to do: one operation for each path that applications may use."""

from typing import Literal

import msgspec

StreamForm = Literal["none", "chat", "responses", "messages"]


class Operation(msgspec.Struct, frozen=True):
    """One inference route.

    ``stream`` names the form of its event stream. ``usage_options`` tells that the request takes ``stream_options``.
    ``stateful`` tells that a request may refer to what a server remembers.
    """

    name: str
    path: str
    stream: StreamForm = "none"
    usage_options: bool = False
    stateful: bool = False
    multipart: bool = False
    plain_text: bool = False  # a whole reply may be text rather than JSON


OPERATIONS = (
    Operation("chat.completions", "/v1/chat/completions", stream="chat", usage_options=True),
    Operation("completions", "/v1/completions", stream="chat", usage_options=True),
    Operation("embeddings", "/v1/embeddings"),
    Operation("responses", "/v1/responses", stream="responses", stateful=True),
    Operation("messages", "/v1/messages", stream="messages"),
    Operation("rerank", "/v1/rerank"),
    Operation("score", "/v1/score"),
    Operation("tokenize", "/tokenize"),
    Operation("detokenize", "/detokenize"),
    Operation("audio.transcriptions", "/v1/audio/transcriptions", stream="chat", multipart=True, plain_text=True),
)
