"""Qwen3Guard (Gen): the conversation as a chat, which the model's own template makes a question of.

https://huggingface.co/Qwen/Qwen3Guard-Gen-8B. It answers ``Safety: Safe``, ``Controversial`` or ``Unsafe``, then
``Categories: ...``, and for replies whether they refuse.
"""

import re
from collections.abc import Mapping, Sequence

from guardrails.guard_models.conversation import Subject, Turn
from guardrails.guard_models.definition import GuardModelDocument, UnusableDefinition
from guardrails.guard_models.format import chosen, labels_with, refuse_unused
from guardrails.guard_models.neutral import Neutral
from guardrails.guard_models.question import UNSAFE, Answer, Found, Question, Unreadable, chances_of, chat

WORDS = ("Safe", "Unsafe", "Controversial")
MAX_TOKENS = 64
CATEGORIES = {
    "VIOLENT": "Violent", "NON_VIOLENT_ILLEGAL_ACTS": "Non-violent Illegal Acts",
    "SEXUAL_CONTENT": "Sexual Content or Sexual Acts", "PII": "PII", "SUICIDE_SELF_HARM": "Suicide & Self-Harm",
    "UNETHICAL_ACTS": "Unethical Acts", "POLITICALLY_SENSITIVE_TOPICS": "Politically Sensitive Topics",
    "COPYRIGHT_VIOLATION": "Copyright Violation", "JAILBREAK": "Jailbreak"}
_SAFETY = re.compile(r"^\s*Safety:\s*(Safe|Unsafe|Controversial)\s*$", re.IGNORECASE | re.MULTILINE)
_CATEGORIES = re.compile(r"^\s*Categories:\s*(.+?)\s*$", re.IGNORECASE | re.MULTILINE)


class Qwen3Guard:
    """``categories`` are chosen from what it says: its template looks for all, always."""

    asks = 1

    def __init__(self, definition: GuardModelDocument) -> None:
        refuse_unused(definition, "categories")
        if definition.taxonomy:
            raise UnusableDefinition("taxonomy", "nothing: the model has categories of its own", "a value")
        self._wanted = {name.lower(): code for code, name in chosen(definition, CATEGORIES).items()}
        self.labels = labels_with(list(self._wanted.values()), UNSAFE)
        self._max_tokens = definition.max_tokens or MAX_TOKENS
        self._neutral = Neutral(("USER", "ASSISTANT"))

    def questions(self, subject: Subject) -> list[Question]:
        return [chat(self.messages(subject), self._max_tokens, self.read)]

    def messages(self, subject: Subject) -> list[Mapping[str, str]]:
        """They begin with the user, as the template wants it."""
        turns = subject.turns
        if turns[0].speaker == "assistant":
            turns = turns[1:] if len(turns) > 1 else (Turn("user", ""), *turns)
        return [{"role": turn.speaker, "content": self._neutral(turn.text)} for turn in turns]

    def read(self, answer: Answer) -> Sequence[Found]:
        told = _SAFETY.search(answer.text)
        if told is None:
            raise Unreadable("it does not say Safety: Safe, Controversial or Unsafe")
        verdict = told[1].capitalize()
        score = _severity(verdict, chances_of(answer, WORDS, verdict, after="Safety:"))
        if verdict == "Safe":
            return [Found(UNSAFE, score)] if score > 0 else []
        return [Found(label, score) for label in self._labels_in(answer.text)]

    def _labels_in(self, text: str) -> list[str]:
        """Those of its categories that are wanted. Where it names none that it has, the text is unsafe all the same."""
        told = _CATEGORIES.search(text)
        named = [name.strip().lower() for name in told[1].split(",")] if told is not None else []
        known = [name for name in named if name in _KNOWN]
        return [self._wanted[name] for name in known if name in self._wanted] if known else [UNSAFE]


_KNOWN = frozenset(name.lower() for name in CATEGORIES.values())


def _severity(verdict: str, chances: Mapping[str, float] | None) -> float:
    """1 is unsafe, 0.5 controversial, 0 safe; in between what the model weighed. What it calls controversial is never
    less than 0.5: it counts at a threshold of that, and above it only where the model leaned to worse."""
    if chances is None:
        return {"Safe": 0.0, "Unsafe": 1.0}.get(verdict, 0.5)
    weighed = chances["Unsafe"] + chances["Controversial"] / 2
    return weighed if verdict == "Safe" else max(0.5, weighed)
