"""What a detector is. Five kinds, by what they need to see before they can tell.

patterns   finds by form; works alike in whole texts and in streams, holding back only what may become a finding
reader     reads a prompt's passage as a whole, for what only shows there (a disguise taken off, a language)
slow       reads all passages of a prompt, or stretches of a reply, and has to wait for something (a model in another
           process)
judge      scores a reply stretch by stretch, about a sentence at a time, at once
watcher    follows a reply as it grows: its length, its form, whether it repeats itself
"""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import msgspec

from guardrails.finding import Finding
from guardrails.passage import Passage
from guardrails.patterns.pattern import Pattern


class PatternDetector(Protocol):
    """Finds ``patterns``; all detectors of a policy are matched together in one pass."""

    name: str
    patterns: Sequence[Pattern]


class Reader(Protocol):
    """Judges a whole passage. Pure, linear in its length, and quick: it runs on the event loop for short texts.

    One that has a ``reach`` finds what lies within so many characters: it is given a long text in pieces that overlap
    by that.
    """

    name: str

    def read(self, passage: Passage) -> list[Finding]: ...


class Overloaded(Exception):
    """A slow reader has no room for one more."""


@runtime_checkable
class SlowReader(Protocol):
    """Judges all passages of a prompt, and may take its time: it runs beside the others of its kind, until the policy's
    deadline. It must not hold the event loop. It raises Overloaded where it has no room.

    On a reply each passage is a stretch with what came before it (see StretchJudge); of what it finds there, what lies
    in the stretch counts.

    ``labels`` are those that it finds, where pseudonyms of them can be given back.
    """

    name: str

    async def read_all(self, passages: Sequence[Passage]) -> Sequence[Sequence[Finding]]:
        """The findings of each passage, in their order."""


class StretchJudge(Protocol):
    """Judges a reply stretch by stretch, as ``guardrails.stretches`` cuts it: about a sentence at a time, each once
    and in order. Pure and quick: it runs on the event loop. On a prompt it does nothing."""

    name: str

    def judge(self, context: str, stretch: str) -> list[Finding]:
        """``context`` is some of what came before in the same text. Offsets are those of the stretch; 0 and 0 stand for
        all of it."""


class Asked(msgspec.Struct, frozen=True):
    """What the request says about the reply: for watchers that compare."""

    system: tuple[str, ...] = ()  # system prompts
    schema: Any = None  # the JSON schema that the reply was asked to follow
    tools: dict[str, Any] = {}  # by function name, the JSON schema of its arguments


class Watch(Protocol):
    """Follows one text of one reply. What it finds must not depend on the pieces in which the text arrives."""

    def feed(self, piece: str, last: bool) -> list[Finding]:
        """Findings that are certain now, each once, at offsets in the whole text."""


class Watcher(Protocol):
    """Makes a Watch for each text. ``channel`` is content, reasoning, or arguments:NAME (a tool call's)."""

    name: str

    def watch(self, channel: str, asked: Asked) -> Watch | None: ...
