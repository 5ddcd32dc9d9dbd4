"""The operator's own words, phrases and regular expressions."""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import re2

from guardrails.patterns.opening import UnsupportedPattern, opening
from guardrails.patterns.pattern import LONGEST_MATCH, Candidate, Pattern

DENIED_WORD = "DENIED_WORD"
# Any run of blanks and newlines that stands for one blank of a phrase.
_BLANKS = "[\\s\u00a0\u2002-\u200a\u202f\u3000]{1,8}"
_BLANKS_MOST = 8
# The automaton of all patterns runs once over a text whatever their number, but tells only which pattern hit, which is
# then run alone. Fewer words in each make the second run cheaper, fewer patterns the first.
_WORDS_A_PATTERN = 500
# The openings of more words than these take longer to tell apart than a stream gains by it: any word then is one.
_WORDS_TOLD_APART = 200


class Edges(NamedTuple):
    """What a word begins and ends with, which decides how the edge of a whole word is told."""

    start: str  # "ascii" (a letter, a digit, _), "letter" (of another script), "none" (a symbol: it has no edge)
    end: str


class Words:
    """Finds what the operator has denied: ``deny`` whatever its case, ``patterns`` as they are written.

    A word of ``deny`` is found as a whole word (of any script), or anywhere where ``whole_words`` is false; a blank in
    it matches up to 8 blanks and newlines. Findings of ``patterns[2]`` are labelled PATTERN_2; all others DENIED_WORD.
    Raises ValueError with the place of what cannot be used: an empty word; an expression that has no linear-time form,
    no longest match, or is too large.
    """

    name = "words"

    def __init__(self, deny: Sequence[str] = (), patterns: Sequence[str] = (), whole_words: bool = True) -> None:
        words = {_word(place, written): None for place, written in enumerate(deny)}
        self.patterns: Sequence[Pattern] = [
            *_denied(words, whole_words), *(_own(place, regex) for place, regex in enumerate(patterns))]


def _word(place: int, written: str) -> str:
    word = " ".join(written.split())
    if not word:
        raise ValueError(f"deny[{place}] is empty")
    if len(word) + word.count(" ") * (_BLANKS_MOST - 1) + 1 > LONGEST_MATCH:
        raise ValueError(f"deny[{place}] is too long: a word or phrase has at most {LONGEST_MATCH - 1} characters, "
                         f"of which a blank counts for {_BLANKS_MOST}")
    return word


def _own(place: int, regex: str) -> Pattern:
    try:
        pattern = Pattern(f"PATTERN_{place}", regex)
        re2.compile(regex, _quietly())
        re2.compile(opening(regex), _quietly())
    except UnsupportedPattern as error:
        raise ValueError(f"patterns[{place}] {regex!r}: {str(error).removeprefix(f'PATTERN_{place}: ')}") from None
    except re2.error as error:
        raise ValueError(f"patterns[{place}] {regex!r} is not a regular expression of RE2: {error}") from None
    return pattern


def _quietly() -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    return options


def _denied(words: dict[str, None], whole_words: bool) -> Iterator[Pattern]:
    """Words of the same kind share patterns: of the same edges, and either one word or several."""
    alike: dict[tuple[Edges, bool], list[str]] = {}
    for word in words:
        edges = Edges(_edge(word[0]), _edge(word[-1])) if whole_words else Edges("none", "none")
        alike.setdefault((edges, " " in word), []).append(word)
    for (edges, phrases), group in alike.items():
        begins = ""
        if len(group) > _WORDS_TOLD_APART:
            begins = _begins_of_phrases(group, edges) if phrases else _begins(group, edges)
        # Sorted, so that words of a common beginning meet in one pattern; the longer first, since the first that fits
        # is taken.
        group.sort(key=str.casefold, reverse=True)
        for first in range(0, len(group), _WORDS_A_PATTERN):
            regex = _regex(group[first : first + _WORDS_A_PATTERN], edges)
            yield Pattern(DENIED_WORD, regex, check=_check(edges), begins=begins)


def _begins(words: Sequence[str], edges: Edges) -> str:
    """Any word, as long as the longest."""
    before = r"\b" if edges.start == "ascii" else ""
    return before + rf"\S{{0,{max(map(len, words)) + 1}}}"


def _begins_of_phrases(phrases: Sequence[str], edges: Edges) -> str:
    """Any words, as many as the longest phrase has, and as long as the longest of all: a stream waits for so many."""
    before = r"\b" if edges.start == "ascii" else ""
    longest = max(len(word) for phrase in phrases for word in phrase.split(" "))
    blanks = max(phrase.count(" ") for phrase in phrases)
    return rf"{before}(?:\S{{1,{longest}}}{_BLANKS}){{0,{blanks}}}\S{{0,{longest + 1}}}"


def _edge(character: str) -> str:
    if character == "_" or (character.isascii() and character.isalnum()):
        return "ascii"
    return "letter" if _of_a_word(character) else "none"


def _of_a_word(character: str) -> bool:
    return character == "_" or character.isalnum() or unicodedata.category(character).startswith("M")


def _regex(words: Sequence[str], edges: Edges) -> str:
    either = "|".join(_BLANKS.join(_literal(part) for part in word.split(" ")) for word in words)
    before = r"\b" if edges.start == "ascii" else ""
    # \b knows ASCII alone: what else may follow is matched, for the check to look at.
    behind = {"ascii": r"\b([^\x00-\x7f])?", "letter": r"([^\x00-\x7f]|\w)?", "none": ""}[edges.end]
    return f"(?i){before}(?P<found>{either}){behind}"


def _literal(part: str) -> str:
    return "".join(character if character.isalnum() else f"\\{character}" if character.isascii() else character
                   for character in part)


def _check(edges: Edges) -> Callable[[Candidate], float] | None:
    if edges == Edges("none", "none"):
        return None

    def whole(candidate: Candidate) -> float:
        before = _last_character(candidate.before) if edges.start != "none" else ""
        behind = candidate.groups[-1].decode() if edges.end != "none" else ""
        return 0.0 if any(_of_a_word(character) for character in before + behind) else 1.0

    return whole


def _last_character(before: bytes) -> str:
    # The context may begin inside a character: four bytes hold one whole at least.
    return before[-4:].decode(errors="ignore")[-1:]
