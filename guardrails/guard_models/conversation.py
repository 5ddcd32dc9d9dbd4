"""What a guard model is asked about: the conversation of a request, cut to what it can read, turn by turn.

The last turn of the user is judged, with the turns before it as context: those were judged when they were the last. A
turn of the assistant is judged where it is the last that is said: a reply, or the beginning of one that the request
puts into the model's mouth. What tools and documents say, and other texts of the request, is judged as a turn of the
user's own, without context: it can say what the user never would.

Where nobody but the assistant speaks, it is a reply: each passage is judged for itself, as an answer to nothing.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

from guardrails.passage import Passage, Role

Speaker = Literal["user", "assistant"]
# Fields of a request in which the user speaks; of other fields only the model's answers say what they are.
_SPOKEN = frozenset({"", "messages", "input", "prompt"})
# They steer how it is answered, or are kept: no model reads them.
_UNSPOKEN = frozenset({"stop", "stop_sequences", "metadata"})
_FIELD = re.compile(r"[^.\[]*")
_SHORT = 1000  # characters up to which it is looked whether there is any letter
OVERLAP = 200  # characters, of the pieces of a turn that is too long to be judged at once


class Turn(NamedTuple):
    """What one of the two says until the other speaks."""

    speaker: Speaker
    text: str


class Subject(NamedTuple):
    """A conversation whose last turn is judged. ``place`` is the passage that is told of, by its number."""

    turns: tuple[Turn, ...]
    place: int

    @property
    def judged(self) -> Speaker:
        return self.turns[-1].speaker


class _Said(NamedTuple):
    """A turn, and the number of its last passage."""

    turn: Turn
    place: int


class _Saying:
    """Turns that are put together from passages."""

    def __init__(self) -> None:
        self._parts: list[tuple[Speaker, list[str], int]] = []

    def add(self, speaker: Speaker, text: str, place: int) -> None:
        if self._parts and self._parts[-1][0] == speaker:
            self._parts[-1] = speaker, self._parts[-1][1], place
            self._parts[-1][1].append(text)
        else:
            self._parts.append((speaker, [text], place))

    def said(self) -> list[_Said]:
        return [_Said(Turn(speaker, "\n".join(texts)), place) for speaker, texts, place in self._parts]


def subjects_of(passages: Sequence[Passage], reads: Callable[[Role], bool], limit: int) -> list[Subject]:
    """What is to be judged, each in at most ``limit`` characters. ``reads`` tells which roles are judged."""
    if all(passage.role == "assistant" for passage in passages):
        return _of_reply(passages, reads, limit)
    said, others = _Saying(), _Saying()
    last: Role = "user"
    for place, passage in enumerate(passages):
        if not _is_read(passage, reads):
            continue
        if passage.role == "assistant" or (passage.role == "user" and _field(passage) in _SPOKEN):
            said.add(passage.role, passage.text, place)
            last = passage.role
        else:
            others.add("user", passage.text, place)
            last = passage.role if passage.role == "tool" else last
    return [*_of_conversation(said.said(), last, limit),
            *(subject for one in others.said() for subject in _pieces([], one, limit))]


def _of_reply(passages: Sequence[Passage], reads: Callable[[Role], bool], limit: int) -> list[Subject]:
    return [subject for place, passage in enumerate(passages) if _is_read(passage, reads)
            for subject in _pieces([], _Said(Turn("assistant", passage.text), place), limit)]


def _is_read(passage: Passage, reads: Callable[[Role], bool]) -> bool:
    return reads(passage.role) and _field(passage) not in _UNSPOKEN and (
        len(passage.text) > _SHORT or any(map(str.isalpha, passage.text)))


def _field(passage: Passage) -> str:
    found = _FIELD.match(passage.place)
    return found[0] if found else ""


def _of_conversation(said: Sequence[_Said], last: Role, limit: int) -> Iterator[Subject]:
    turns = [one.turn for one in said]
    for number in range(len(said) - 1, -1, -1):
        if turns[number].speaker == "user":
            yield from _pieces(turns[:number], said[number], limit)
            break
    if last == "assistant":
        yield from _pieces(turns[:-1], said[-1], limit)


def _pieces(before: Sequence[Turn], judged: _Said, limit: int) -> Iterator[Subject]:
    """The judged turn, in pieces where it is too long for one, each with as much of what came before as there is room
    for."""
    speaker, text = judged.turn
    step = max(1, limit - min(OVERLAP, limit // 2))
    for start in range(0, max(1, len(text) - (limit - step)), step):
        piece = text[start : start + limit]
        yield Subject((*_latest(before, limit - len(piece)), Turn(speaker, piece)), judged.place)


def _latest(turns: Sequence[Turn], room: int) -> list[Turn]:
    """The last turns, in at most ``room`` characters: the first of them may lack its beginning."""
    kept: list[Turn] = []
    for turn in reversed(turns):
        if room <= 0:
            break
        kept.insert(0, Turn(turn.speaker, turn.text[-room:]))
        room -= len(turn.text)
    return kept
