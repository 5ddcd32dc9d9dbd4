"""The lexicon: text read as a row of marks, one a word, so that rules are short and alike in all languages."""

from collections.abc import Iterator

from guardrails.detectors.injection.meanings import GO, MEANINGS, TALK
from guardrails.lookalikes import plain

# Marks of what is no known word.
SENTENCE, COLON, SOFT, QUOTE, JOINED, OTHER = "|", ":", ",", '"', "_", "."
_FIRST_MARK = 0x3400


class Lexicon:
    """Words to marks. A mark is one character that stands for a set of meanings; built once, never changed."""

    def __init__(self) -> None:
        meanings: dict[str, set[str]] = {}
        for name, words in (*MEANINGS.items(), *TALK.items(), ("go", GO)):
            for word in map(_plain, words.split()):
                meanings.setdefault(word, set()).add(name)
        sets = sorted({frozenset(names) for names in meanings.values()}, key=sorted)
        marks = {names: chr(_FIRST_MARK + number) for number, names in enumerate(sets)}
        self.marks = {word: marks[frozenset(names)] for word, names in meanings.items()}
        self._by_name: dict[str, str] = {}
        for names, mark in marks.items():
            for name in names:
                self._by_name[name] = self._by_name.get(name, "") + mark

    def having(self, *meanings: str) -> str:
        """All marks of words that have one of ``meanings``."""
        return "".join(self._by_name[name] for name in meanings)

    def words(self, *meanings: str) -> Iterator[str]:
        for name in meanings:
            yield from map(_plain, MEANINGS[name].split())


def _plain(word: str) -> str:
    """As normal text has it."""
    return word if word.isascii() else "".join(map(plain, word))
