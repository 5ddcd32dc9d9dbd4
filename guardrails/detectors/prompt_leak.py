"""Prompt leak: a reply that repeats what the system prompt says.

Both are taken as words, whatever their case and what stands between them. A run of words that stand side by side in the
system prompt too is followed by its pairs of words; ordinary language makes short runs, a leak long ones.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from guardrails.detectors.blocks import Blocks
from guardrails.detectors.detector import Asked, Watch
from guardrails.finding import Finding

_BLOCK = 128  # characters between looks
_WORD = re.compile(r"\w+")
_SHINGLE = 8  # words in a row that are no accident
_RUN = 16  # words in a row that are a leak
_SHARE = 0.3  # of the system prompt's shingles, wherever in the reply they stand
_SHARE_LEAST = 12  # shingles
_PROMPT_LEAST = 20  # words: less says nothing that a reply may not say, too
_PROMPT_MOST = 20_000
_WORD_MOST = 64  # characters of a word that count

Shingle = tuple[str, ...]


class PromptLeak:
    """Finds PROMPT_LEAK where a reply repeats 16 words of a system prompt in a row, or 30 % of it in parts; once.

    The finding begins with the run of words that made it certain and ends where the reply was looked at, at most 128
    characters on. System prompts below 20 words are not looked for; a tool call's arguments are looked at too.
    Encodings, translations and paraphrases are not seen through.
    """

    name = "prompt_leak"
    labels = ("PROMPT_LEAK",)

    def watch(self, channel: str, asked: Asked) -> Watch | None:
        prompts = [words for prompt in asked.system if len(words := _words(prompt)[:_PROMPT_MOST]) >= _PROMPT_LEAST]
        return PromptLeakWatch(self.name, prompts) if prompts else None


class PromptLeakWatch:
    """Compares one text, as it grows, with the system prompts."""

    __slots__ = ("_blocks", "_enough", "_found", "_name", "_open", "_pairs", "_places", "_run", "_seen", "_shared",
                 "_shingles", "_triples")

    def __init__(self, name: str, prompts: Sequence[Sequence[str]]) -> None:
        self._name = name
        self._pairs = {pair for words in prompts for pair in pairwise(words)}
        self._triples = {triple for words in prompts for triple in zip(words, words[1:], words[2:], strict=False)}
        self._shingles = {tuple(words[place : place + _SHINGLE])
                          for words in prompts for place in range(len(words) - _SHINGLE + 1)}
        self._enough = max(_SHARE_LEAST, _SHARE * len(self._shingles))
        self._shared: set[Shingle] = set()
        self._blocks = Blocks(_BLOCK)
        self._open = ""  # the word that may go on
        self._run: list[str] = []
        self._places: list[int] = []  # where its words begin
        self._seen = 0
        self._found = False

    def feed(self, piece: str, last: bool) -> list[Finding]:
        if self._found:
            return []
        blocks = self._blocks.feed(piece, last)
        for place, block in enumerate(blocks):
            if self._leaks(block, last and place == len(blocks) - 1):
                self._found = True
                return [Finding(self._name, "PROMPT_LEAK", self._places[0], self._seen, 0.9)]
        return []

    def _leaks(self, block: str, last: bool) -> bool:
        text = self._open + block
        start = self._seen - len(self._open)
        self._seen += len(block)
        words = _WORD.findall(text)
        self._open = ""
        if words and not last and text.endswith(words[-1]):
            self._open = words.pop()[-_WORD_MOST:]
        if not words:
            return False
        told = [word.casefold() for word in words]
        chain = [*self._run[-2:], *told]
        if self._triples.isdisjoint(zip(chain, chain[1:], chain[2:], strict=False)):
            self._run, self._places = [told[-1]], [start + text.rfind(words[-1], 0, len(text) - len(self._open))]
            return False
        return any(self._follow(found.group().casefold(), start + found.start())
                   for found, _ in zip(_WORD.finditer(text), words, strict=False))

    def _follow(self, word: str, place: int) -> bool:
        run = self._run
        if not run or (run[-1], word) not in self._pairs:
            self._run, self._places = [word], [place]
            return False
        run.append(word)
        self._places.append(place)
        if len(run) < _SHINGLE:
            return False
        shingle = tuple(run[-_SHINGLE:])
        if shingle not in self._shingles:
            del run[: -_SHINGLE + 1], self._places[: -_SHINGLE + 1]
            return False
        self._shared.add(shingle)
        return len(run) >= _RUN or len(self._shared) >= self._enough


def _words(text: str) -> list[str]:
    return [word.casefold()[:_WORD_MOST] for word in _WORD.findall(text)]
