"""Opinions: what judges make of the stretches of a reply. A slow one's comes when it comes."""

import re
from collections.abc import Callable, Sequence
from typing import Protocol

from guardrails.detectors.detector import SlowReader
from guardrails.finding import Finding
from guardrails.guard import Guard
from guardrails.passage import Passage
from guardrails.stretches import Stretch

Told = Callable[[], None]
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_BLANKS = {"n": "\n", "r": "\r", "t": "\t", "b": " ", "f": " "}


class Opinion:
    """``findings`` are at offsets of the stretch; None while nothing is known. ``failure`` is why there are none.
    ``waiting`` are those who are to be told."""

    __slots__ = ("failure", "findings", "waiting")

    def __init__(self, findings: Sequence[Finding] | None = None, failure: str = "") -> None:
        self.findings = findings
        self.failure = failure
        self.waiting: list[Told] = []

    @property
    def known(self) -> bool:
        return self.findings is not None or bool(self.failure)


class Opinions(Protocol):
    """Where slow readers are asked for theirs. The same stretch is judged once, however often it is asked about."""

    def ask(self, guard: Guard, reader: SlowReader, asked: "Question", told: Told) -> Opinion:
        """Known already or to be known; ``told`` is called when it is, if it is not yet."""


class Question:
    """A stretch as a slow reader is to read it: behind what came before it. What was written as JSON is read with its
    escapes taken for what they stand for."""

    __slots__ = ("_after", "_as_json", "passage")

    def __init__(self, stretch: Stretch, place: str, as_json: bool) -> None:
        context = legible(stretch.context, as_json)
        self.passage = Passage(context + legible(stretch.text, as_json), "assistant", place)
        self._after = len(context)
        self._as_json = as_json

    @property
    def key(self) -> tuple[str, int]:
        return self.passage.text, self._after

    def answered(self, found: Sequence[Finding]) -> list[Finding]:
        """What counts of what was found in the passage, at offsets of the stretch: what lies in the context alone was
        told with another one."""
        return [finding if finding[2:4] == (0, 0) else finding._replace(
                    start=max(0, finding.start - self._after), end=finding.end - self._after)
                for finding in found if finding[2:4] == (0, 0) or finding.end > self._after]


def legible(text: str, as_json: bool) -> str:
    """``text`` as it is meant."""
    return _ESCAPE.sub(_meant, text) if as_json and "\\" in text else text


def _meant(escape: "re.Match[str]") -> str:
    if escape[1] is None:
        return _BLANKS.get(escape[2], escape[2])
    code = int(escape[1], 16)
    return " " if 0xD800 <= code <= 0xDFFF else chr(code)


class Gathered:
    """For whoever can wait for all of it: first everything is asked about, then ``gather`` finds out, then it is
    known."""

    def __init__(self) -> None:
        self._known: dict[tuple[Guard, tuple[str, int]], Opinion] = {}
        self._asked: list[tuple[Opinion, SlowReader, Question]] = []

    def ask(self, guard: Guard, reader: SlowReader, asked: Question, told: Told) -> Opinion:
        opinion = self._known.get((guard, asked.key))
        if opinion is None:
            opinion = self._known[guard, asked.key] = Opinion()
            self._asked.append((opinion, reader, asked))
        return opinion

    async def gather(self) -> None:
        """One after the other, and for as long as they take."""
        for opinion, reader, asked in self._asked:
            try:
                [found] = await reader.read_all([asked.passage])
                opinion.findings = asked.answered(found)
            except Exception:  # told as a reply's would be
                opinion.failure = "error"
        self._asked.clear()
