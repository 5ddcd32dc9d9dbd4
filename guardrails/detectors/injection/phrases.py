"""Phrases: attacks that show in raw text by their form alone, in a reply or a stream as in a prompt.

Few and sure: a stream waits wherever one could begin, and little stands before it to tell an order from talk about one.
"""

import re

from guardrails.detectors.injection.labels import EXTRACTION, HIJACK, MARKER, OVERRIDE
from guardrails.patterns.pattern import Candidate, Check, Pattern

_TALK = re.compile(rb"\b(?:how|why|what|explain|means?|called|article|essay|post|attack\w*|injection|inject|hack\w*|"
                   rb"phrase|says?|said|told|tells?|asked|like|whether|if|test|detect\w*|translate|example|users?|they|he|she|"
                   rb"function|def)\b")
_DENIED = (b"not ", b"never ", b"n't ", b"cannot ", b"to ", b"avoid ", b"_", b"without ")
_QUOTED = (b"'", b"`", b"\xe2\x80\x9c")


def _unless_talk(score: float) -> Check:
    """``score`` for an order; little where it is quoted, denied or talked about."""
    def check(candidate: Candidate) -> float:
        sentence = re.split(rb"[.!?\n]", candidate.before.lower())[-1]
        if sentence.endswith((*_DENIED, *_QUOTED)) or sentence.count(b'"') % 2:
            return score * 0.4
        return score * 0.5 if _TALK.search(sentence) else score
    return check


PHRASES = (
    Pattern(OVERRIDE,
            r"(?i)\b(?:ignore|disregard|forget|override|overrule|bypass)(?: [a-z]{1,12}){0,3} "
            r"(?:previous|prior|above|preceding|earlier|foregoing|your)(?: [a-z]{1,14}){0,2} "
            r"(?:instructions?|rules|prompts?|guidelines|directives|programming|restrictions|safeguards|guardrails)\b",
            check=_unless_talk(0.85)),
    Pattern(EXTRACTION,
            r"(?i)\b(?:reveal|disclose|divulge|leak|repeat|print|output|display)"
            r"(?: (?:me|us|all|the|of|exact|full|entire|complete|back|to)){0,5} "
            r"your (?:(?:[a-z]{1,10} ){0,2}(?:prompt|instructions)|guidelines)\b",
            check=_unless_talk(0.75)),
    Pattern(HIJACK,
            r"(?i)\byou are now(?: [a-z]{1,12}){0,4} (?:unrestricted|unfiltered|uncensored|jailbroken|dan)\b",
            check=_unless_talk(0.85)),
    Pattern(HIJACK,
            r"(?i)\b(?:(?:can|will) do anything now|do anything now mode|developer mode enabled|dan mode enabled)\b",
            check=_unless_talk(0.8)),
    Pattern(MARKER,
            r"<\|(?:im_start|im_end|start_header_id|end_header_id|eot_id|endoftext|begin_of_text)\|>",
            score=0.45),
    Pattern(MARKER, r"\[/?INST\]|<</?SYS>>", score=0.4),
)
