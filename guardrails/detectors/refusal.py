"""Refusal: a reply that declines to help. For flagging, and for counting which version declines more."""

from bisect import bisect_left

import re2

from guardrails.detectors.detector import Asked, Watch
from guardrails.finding import Finding

_HEAD = 220  # characters: who declines does so at once

# What follows "I can't": to help and its like. Alone, "I can't believe it" declines nothing.
_HELP = (r"(?:help (?:you|with|in |anyone|people|create|write|make)|assist|provide|fulfil|comply|create|generate|"
         r"write |produce|share (?:that|this|any|my|the)|offer|support (?:you|that|this|the)|engage|participate|"
         r"answer (?:that|this|your)|discuss|facilitate|encourage|endorse|do that|continue with|disclose|reveal|"
         r"give (?:you|advice|out)|tell you (?:how|what|my)|in good conscience)")
_PHRASES = (
    # English
    r"\bI(?:.m| am) (?:so |very |really |truly )?(?:sorry|afraid),? (?:but |that )?(?:I|this|that|we) "
    r"(?:can.?t|cannot|can not|won.t|will not|am unable|.m unable|am not able|.m not able|must decline|"
    r"do(?:n.t| not) feel comfortable|request)",
    rf"\b(?:sorry|apologi[sz]e|apologies)[^.!?\n]{{0,40}}\b(?:I|we) (?:can.?t|cannot|won.t|am unable|will not) "
    rf"(?:\w+ )?{_HELP}",
    rf"\bI (?:can.?t|cannot|can not|won.t|will not|must not|may not) (?:\w+ly |be able to )?{_HELP}",
    rf"\bI(?:.m| am) (?:not able|unable|not allowed|not permitted|not going|not comfortable|not in a position)"
    rf" ?(?:to|with)? (?:\w+ly )?{_HELP}",
    r"\bI (?:must|have to|need to|will have to|respectfully) (?:respectfully |politely )?(?:decline|refuse)",
    r"\bAs an AI(?: language model| assistant| model)?,? (?:I|it.s) (?:can.?t|cannot|am not|am unable|don.t|"
    r"do not|must|not (?:appropriate|possible|ethical))",
    r"\b(?:against|violates?) (?:my|our|the|OpenAI.s) (?:\w+ )?(?:guidelines|polic(?:y|ies)|programming|principles)",
    r"\bI do(?:n.t| not) feel comfortable",
    # German, French, Spanish, Italian, Portuguese, Dutch, Polish
    r"\b(?:tut mir leid|entschuldig\w{1,6}|bedauere),? (?:aber |dass )?(?:ich|das|dabei)[^.!?\n]{0,60}\bnicht",
    r"\bich kann (?:dir|ihnen|euch|ihnen leider|dir leider|leider)?[^.!?\n]{0,40}\bnicht (?:helfen|weiterhelfen|"
    r"unterstützen|behilflich|erfüllen|beantworten|nachkommen)",
    r"\b(?:désolée?|navrée?|regrette)[^.!?\n]{0,30}\bje ne (?:peux|suis|pourrai)",
    r"\bje ne (?:peux|suis) pas (?:vous |t.|en mesure|capable|autorisé)",
    r"\b(?:lo siento|lo lamento|disculpa)[^.!?\n]{0,30}\bno (?:puedo|me es posible|estoy)",
    r"\bno puedo (?:ayudar|asistir|proporcionar|cumplir|ofrecer|responder|participar)",
    r"\b(?:mi dispiace|spiacente)[^.!?\n]{0,30}\bnon (?:posso|sono)",
    r"\b(?:desculpe|sinto muito|lamento)[^.!?\n]{0,30}\bnão (?:posso|consigo)",
    r"\b(?:het spijt me|sorry)[^.!?\n]{0,30}\bik kan (?:\w+ ){0,3}niet",
    r"\b(?:przykro mi|przepraszam)[^.!?\n]{0,30}\bnie mog",
    # Russian, Chinese, Japanese, Korean, Arabic
    r"(?:извините|простите|к сожалению)[^.!?\n]{0,40}не (?:могу|смогу|в состоянии)",
    r"(?:抱歉|对不起|對不起|很遗憾)[^。!?\n]{0,12}(?:无法|無法|不能|没有办法)",
    r"(?:申し訳|すみません|ごめんなさい)[^。\n]{0,40}(?:できません|できかねます|お答え|お手伝い)",
    r"(?:죄송|미안)[^.\n]{0,40}(?:수 없|어렵)",
    r"(?:آسف|عذرا|أعتذر)[^.\n]{0,30}(?:لا أستطيع|لا يمكنني)",
)


class Refusal:
    """Finds REFUSAL where one of the usual ways to decline stands in the first 220 characters; once a text."""

    name = "refusal"
    labels = ("REFUSAL",)

    def __init__(self) -> None:
        self._declines = re2.compile("(?i)(?:" + "|".join(_PHRASES) + ")")

    def watch(self, channel: str, asked: Asked) -> Watch | None:
        return RefusalWatch(self.name, self._declines) if channel == "content" else None


class RefusalWatch:
    """Reads the beginning of one text."""

    __slots__ = ("_declines", "_done", "_head", "_name")

    def __init__(self, name: str, declines: "re2._Regexp") -> None:
        self._name = name
        self._declines = declines
        self._head = ""
        self._done = False

    def feed(self, piece: str, last: bool) -> list[Finding]:
        if self._done:
            return []
        self._head = head = (self._head + piece)[:_HEAD]
        self._done = len(head) == _HEAD
        if self._declines.search(head) is None:
            return []
        self._done = True
        return [self._first(head)]

    def _first(self, head: str) -> Finding:
        """The refusal that was there first, by where it ends: the same one however much of the text has come."""
        end = bisect_left(range(len(head)), True, key=lambda length: self._declines.search(head[:length]) is not None)
        found = self._declines.search(head[:end])
        return Finding(self._name, "REFUSAL", found.start(), end, 0.8)
