"""Texts in which a model's words are marked: `Write to g|Maria s|Lopez, n|14 r|Rosewood r|Lane`."""

import re

from guardrails.classifiers.classifier import Span
from guardrails.classifiers.word import ADDRESS, PERSON, Word
from guardrails.classifiers.words import spans_of

MARKS = {"g": (PERSON, "GIVEN_NAME"), "s": (PERSON, "SURNAME"), "n": (ADDRESS, "BUILDING_NUMBER"),
         "r": (ADDRESS, "STREET_NAME"), "u": (ADDRESS, "SECONDARY_ADDRESS"), "c": (ADDRESS, "CITY"),
         "d": (ADDRESS, "CITY"), "t": (ADDRESS, "STATE"), "z": (ADDRESS, "ZIP_CODE"), "h": ("", "CITY")}
# How likely what a mark says is, and the other thing: a town may well be a name (not one marked d), and of a hint (h)
# little is known.
SURE, UNSURE, HINT = 0.9, 0.05, 0.1


def unmarked(marked: str) -> tuple[str, list[Word]]:
    text, words, at = "", [], 0
    for found in re.finditer(r"\b([gsnrucdtzh])\|(\w+)", marked):
        text += marked[at : found.start()]
        label, part = MARKS[found[1]]
        named = 0.0 if found[1] == "d" else UNSURE
        person, place = (HINT, HINT) if not label else (SURE, UNSURE) if label == PERSON else (named, SURE)
        words.append(Word(len(text), len(text) + len(found[2]), label, part, SURE, person, place))
        text += found[2]
        at = found.end()
    return text + marked[at:], words


def found(marked: str) -> list[tuple[str, str]]:
    """Label and text of what the marked words are put together to."""
    text, words = unmarked(marked)
    spans: list[Span] = spans_of(text, words)
    return [(span.label, text[span.start : span.end]) for span in spans if span.score >= 0.5]


def persons(marked: str) -> list[str]:
    return [text for label, text in found(marked) if label == PERSON]


def addresses(marked: str) -> list[str]:
    return [text for label, text in found(marked) if label == ADDRESS]
