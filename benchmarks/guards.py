"""What the guards cost: a kilobyte of prompt, a frame of a stream, and a megabyte of what somebody sends to hurt.

    python benchmarks/guards.py [--rounds 5] [--json FILE]

The peer is the same patterns one after another with Python's ``re``, in the same run: the plain way to do it. Times are
CPU time of this process, the least of the rounds; the texts are different every time, so that no automaton has seen
them before it is warm.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from guardrails.compiling import guards_of
from guardrails.detectors.catalogue import CATALOGUE
from guardrails.detectors.detector import Asked
from guardrails.inspection import Inspector
from guardrails.passage import Passage
from guardrails.policy import InjectionRule, Policy, PromptRules, ReplyRules
from guardrails.scores.fast import FastScores
from guardrails.stream import GuardedText
from guardrails.verdict import Verdict

_SUBJECTS = [
    "the committee", "my neighbour", "a small team", "our teacher", "the old sailor",
    "every visitor", "the new engine"]
_VERBS = [
    "considered", "painted", "repaired", "described", "remembered", "carried", "discussed", "opened", "followed",
    "measured"]
_OBJECTS = [
    "the proposal", "a wooden door", "two letters", "the garden wall", "their first journey", "an unusual question",
    "the weather", "a kettle", "the long report", "a piece of music"]
_ENDS = [
    "in June", "before lunch", "without haste", "for the third time", "near the river", "as usual", "in silence",
    "last winter"]
_FINDINGS = ("mail ann.lee@example.org", "call +1 415 555 0132", "card 4111 1111 1111 1111", "host 198.51.100.7",
             "iban DE89 3704 0044 0532 0130 00")


def prose(chance: random.Random, size: int) -> str:
    """Plain English of ``size`` characters, nothing in it to be found."""
    text = ""
    while len(text) < size:
        parts = (chance.choice(_SUBJECTS), chance.choice(_VERBS), chance.choice(_OBJECTS), chance.choice(_ENDS))
        text += " ".join(parts).capitalize() + chance.choice((". ", ". ", ", and ", "; "))
    return text[:size]


def with_findings(chance: random.Random, size: int) -> str:
    """The same with five findings."""
    text = prose(chance, size - sum(len(found) + 2 for found in _FINDINGS))
    pieces = [text[at : at + len(text) // 5] for at in range(0, len(text) // 5 * 5, len(text) // 5)]
    return "".join(f"{piece} {found} " for piece, found in zip(pieces, _FINDINGS, strict=True))


def hostile() -> Iterator[tuple[str, str]]:
    """A megabyte of each."""
    size, chance = 1 << 20, random.Random(7)
    yield "digits", "0123456789" * (size // 10)
    yield "@", "@" * size
    yield "a ", "a " * (size // 2)
    yield "addresses", "ann@lee.org " * (size // 12)
    yield "base64", base64.b64encode(chance.randbytes(size * 3 // 4)).decode()
    yield "password=", "password=" * (size // 9)
    yield "nested JSON", '{"a":' * (size // 5)
    yield "1.1.1.", "1." * (size // 2)


def least(rounds: int, work: Callable[[int], int]) -> float:
    """The least CPU seconds of a round, for each thing that it says it has done."""
    best = float("inf")
    for number in range(rounds):
        began = time.process_time()
        done = work(number)
        best = min(best, (time.process_time() - began) / done)
    return best


def inspected(inspector: Inspector, texts: Sequence[str]) -> int:
    for text in texts:
        inspector.inspect(Passage(text), 0.0, Verdict(), None)
    return len(texts)


def streamed(inspector: Inspector, texts: Sequence[bytes], characters: int) -> int:
    frames = 0
    for text in texts:
        guarded = GuardedText(inspector, Verdict(), place="", channel="content", asked=Asked(), lot=0.0,
                              pseudonyms=None)
        for at in range(0, len(text), characters):
            guarded.feed(text[at : at + characters])
            frames += 1
    return frames


def scored(scores: FastScores, texts: Sequence[str]) -> int:
    for text in texts:
        scores.of(text)
    return len(texts)


def with_re(patterns: Sequence[re.Pattern[str]], texts: Sequence[str]) -> int:
    for text in texts:
        for pattern in patterns:
            for _ in pattern.finditer(text):
                pass
    return len(texts)


def measured(rounds: int) -> dict[str, Any]:
    """Microseconds, but for the hostile megabytes: milliseconds."""
    patterns = dict.fromkeys(("personal_data", "secrets", "exfiltration"), "flag")
    guards = guards_of("patterns", Policy(prompt=PromptRules(personal_data="flag", secrets="flag"),
                                          reply=ReplyRules(**patterns)), CATALOGUE)  # type: ignore[arg-type]
    heuristics = InjectionRule(action="flag", tier="heuristics")
    every = guards_of("every", Policy(prompt=PromptRules(personal_data="flag", secrets="flag", injection=heuristics)),
                      CATALOGUE)
    chance = random.Random(1)
    quiet = [prose(chance, 1024) for _ in range(200)]
    found = [with_findings(chance, 1024) for _ in range(200)]
    scores = FastScores(remembered=0)
    plain = [re.compile(pattern.regex) for pattern in guards.prompt.patterns]
    results = {
        "patterns": len(guards.prompt.patterns),
        "KB, nothing found": 1e6 * least(rounds, lambda _: inspected(guards.prompt, quiet)),
        "KB, five findings": 1e6 * least(rounds, lambda _: inspected(guards.prompt, found)),
        "KB, nothing found, with injection's heuristics": 1e6 * least(rounds, lambda _: inspected(every.prompt, quiet)),
        "KB, scores of toxicity and injection": 1e6 * least(rounds, lambda _: scored(scores, quiet)),
        "frame of 16 characters": 1e6 * least(
            rounds, lambda _: streamed(guards.reply, [text.encode() for text in quiet], 16)),
        "KB, nothing found, Python's re": 1e6 * least(1, lambda _: with_re(plain, quiet[:20])),
        "KB, five findings, Python's re": 1e6 * least(1, lambda _: with_re(plain, found[:20])),
    }
    for name, text in hostile():
        began = time.process_time()
        inspected(guards.prompt, [text])
        results[f"MB of {name}, ms"] = 1e3 * (time.process_time() - began)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured; the least counts")
    parser.add_argument("--json", type=Path, help="where the figures go")
    arguments = parser.parse_args()
    results = measured(arguments.rounds)
    for name, value in results.items():
        print(f"{name:40} {value:12,.1f}")
    ratio = results["KB, nothing found, Python's re"] / results["KB, nothing found"]
    print(f"Python's re takes {ratio:,.0f} times as long where nothing is found.")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
