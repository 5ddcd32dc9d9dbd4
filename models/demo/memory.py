"""Responses that may be continued or fetched again: in memory, the latest ones only."""

from collections import OrderedDict
from dataclasses import dataclass, field

from models.demo.chat import Message
from models.demo.errors import UnknownResponse
from models.demo.wire.responses import ResponsesReply

MOST_RESPONSES = 256


@dataclass(frozen=True)
class Remembered:
    """`messages` is the whole conversation up to and with the answer, without instructions: those do not carry over."""

    reply: ResponsesReply
    messages: tuple[Message, ...]


@dataclass
class ResponseMemory:
    """Forgets what was not used for longest. Belongs to the event loop."""

    most: int = MOST_RESPONSES
    _kept: OrderedDict[str, Remembered] = field(default_factory=OrderedDict)

    def keep(self, remembered: Remembered) -> None:
        self._kept[remembered.reply.id] = remembered
        while len(self._kept) > self.most:
            self._kept.popitem(last=False)

    def recall(self, name: str) -> Remembered:
        """Raises UnknownResponse."""
        if name not in self._kept:
            raise UnknownResponse(name)
        self._kept.move_to_end(name)
        return self._kept[name]
