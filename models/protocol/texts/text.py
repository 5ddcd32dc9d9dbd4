"""A text of a reply, or a piece of one, and its place in the document or event that carries it."""

from typing import Any, NamedTuple, Protocol

Path = tuple[str | int, ...]


class Text(NamedTuple):
    """``choice`` is the answer that it belongs to; ``key`` tells it from the other texts of that answer.

    ``channel`` is what a text is: content, reasoning, refusal, or arguments:NAME (a tool call's).
    """

    choice: int
    key: str
    channel: str
    path: Path
    text: str


class Pieces(NamedTuple):
    """What one event of a stream carries: pieces of texts, then the ends of answers.

    ``ended``     answers (by choice) whose texts have all ended with this event
    ``repeated``  whole texts that the event says again after they were streamed
    """

    texts: list[Text]
    ended: list[int]
    repeated: list[Text]


class Form(Protocol):
    """One stream, in the form of its API."""

    def read(self, event: dict[str, Any]) -> Pieces:
        """Reads the next event's payload."""

    def strip(self, event: dict[str, Any], texts: list[Text]) -> None:
        """Takes out of an event whose ``texts`` were edited what would tell them all the same: token ids, logprobs."""

    def answers(self, event: dict[str, Any]) -> set[int]:
        """The answers that the event tells something of."""

    def withdraw(self, event: dict[str, Any], answers: set[int]) -> None:
        """Takes back what the event tells of the end of ``answers``: they end otherwise."""

    def end_answer(self, choice: int, key: str) -> bytes:
        """The events that end an answer in the middle of its text ``key``, whose rest is withheld."""

    def end_stream(self, usage: dict[str, Any] | None) -> bytes:
        """The events that end the stream once all answers have ended so."""


class Whole(Protocol):
    """How a whole reply of an API is read and cut."""

    def texts(self, document: dict[str, Any]) -> list[Text]:
        """All texts, in the order in which a stream would bring them."""

    def withhold(self, document: dict[str, Any], choice: int, following: list[Text]) -> None:
        """Marks an answer as cut short, and takes out the texts that would have followed."""

    def strip(self, document: dict[str, Any], texts: list[Text]) -> None:
        """As in a stream."""


def put(document: Any, path: Path, text: str) -> None:
    """Puts ``text`` where ``path`` leads."""
    for step in path[:-1]:
        document = document[step]
    document[path[-1]] = text


def mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> list[tuple[int, dict[str, Any]]]:
    """The objects of a list, with their places."""
    if not isinstance(value, list):
        return []
    return [(place, item) for place, item in enumerate(value) if isinstance(item, dict)]
