"""Disguises: how people write what a filter is not to see, and how they write when they do not care."""

from random import Random

_LEET = str.maketrans({"a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "t": "7"})


def disguised(text: str, random: Random) -> str:
    """The text written otherwise, so that a person still reads the same."""
    return random.choice(_WAYS)(text, random)


def _lower(text: str, random: Random) -> str:
    return text.lower()


def _shouted(text: str, random: Random) -> str:
    return text.upper()


def _unpunctuated(text: str, random: Random) -> str:
    return "".join(letter for letter in text if letter.isalnum() or letter.isspace())


def _one_word(text: str, random: Random) -> tuple[list[str], int]:
    words = text.split(" ")
    long = [place for place, word in enumerate(words) if len(word) > 3] or [0]
    return words, random.choice(long)


def _leet(text: str, random: Random) -> str:
    words, place = _one_word(text, random)
    words[place] = words[place].translate(_LEET)
    return " ".join(words)


def _starred(text: str, random: Random) -> str:
    words, place = _one_word(text, random)
    word = words[place]
    if len(word) > 2:
        at = random.randrange(1, len(word))
        words[place] = word[:at] + random.choice("*#.-") + word[at + 1 :]
    return " ".join(words)


def _stretched(text: str, random: Random) -> str:
    words, place = _one_word(text, random)
    word = words[place]
    if word:
        at = random.randrange(len(word))
        words[place] = word[:at] + word[at] * random.randint(2, 5) + word[at + 1 :]
    return " ".join(words)


def _mistyped(text: str, random: Random) -> str:
    words, place = _one_word(text, random)
    word = words[place]
    if len(word) > 3:
        at = random.randrange(1, len(word) - 2)
        words[place] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return " ".join(words)


def _spaced(text: str, random: Random) -> str:
    words, place = _one_word(text, random)
    words[place] = " ".join(words[place])
    return " ".join(words)


def _all_spaced(text: str, random: Random) -> str:
    """Every letter by itself, of a short text; of a longer one its beginning."""
    between = random.choice((" ", " ", ".", "-"))
    words = text.split(" ")
    return "  ".join([*(between.join(word) for word in words[:12]), *words[12:]])


def _all_leet(text: str, random: Random) -> str:
    return text.translate(_LEET)


def _run_together(text: str, random: Random) -> str:
    words = text.split(" ")
    if len(words) > 2:
        at = random.randrange(len(words) - 1)
        words[at : at + 2] = [words[at] + words[at + 1]]
    return " ".join(words)


_WAYS = (_lower, _lower, _shouted, _unpunctuated, _leet, _leet, _starred, _starred, _stretched, _mistyped, _spaced,
         _run_together, _all_spaced, _all_leet)
