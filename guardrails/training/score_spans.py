"""Scores the personal-data detector on jsonl with spans: per label, exact extents; and false alarms on ordinary text.

    python -m guardrails.training.score_spans FILE.jsonl [--threshold 0.5] [--errors 20]

A row is `{"text": ..., "spans": [{"start", "end", "type"}]}`, offsets in characters. URL counts at any score, since a
link is below the threshold of a policy on purpose. What overlaps is resolved as a policy resolves it.
"""

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from guardrails.detectors.personal_data import PersonalData
from guardrails.patterns.scanner import Scanner
from guardrails.patterns.window import Window

SEVEN = ("EMAIL", "PHONE", "CREDIT_CARD", "IBAN", "SSN", "IP", "URL")
Span = tuple[int, int, str]


def findings(scanner: Scanner, text: str) -> Iterator[tuple[Span, float]]:
    """Spans in characters with their scores: of matches that overlap the surest, the longest of equals."""
    coded = text.encode()
    for cluster in Window(scanner).feed(coded, last=True):
        kept: list[tuple[int, int]] = []
        for match in sorted(cluster.matches, key=lambda one: (-one.score, one.found_start - one.found_end)):
            first, last = match.found_start, match.found_end
            if match.score and not any(start < last and first < end for start, end in kept):
                kept.append((first, last))
                label = scanner.patterns[match.pattern].label
                yield (len(coded[:first].decode()), len(coded[:last].decode()), label), match.score


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--errors", type=int, default=0)
    asked = parser.parse_args(arguments)
    scanner = Scanner(PersonalData().patterns)
    right: Counter[str] = Counter()
    missed: dict[str, list[Any]] = defaultdict(list)
    extra: dict[str, list[Any]] = defaultdict(list)
    rows: list[dict[str, Any]] = [json.loads(line) for line in asked.file.open()]
    alarmed = 0
    for row in rows:
        found = {span for span, score in findings(scanner, row["text"])
                 if score >= asked.threshold or span[2] == "URL"}
        alarmed += any(label != "URL" for _, _, label in found)
        wanted = {(span["start"], span["end"], span["type"]) for span in row.get("spans", ())}
        for span in found | wanted:
            target = None if span in found and span in wanted else extra if span in found else missed
            if target is None:
                right[span[2]] += 1
            else:
                target[span[2]].append((row["text"][span[0]:span[1]], row["text"][max(0, span[0] - 40):span[1] + 20]))
    report(right, missed, extra, asked.errors)
    sys.stdout.write(f"{len(rows)} rows, {alarmed} with a finding, {1000 * alarmed / len(rows):.1f} in a thousand\n")


def report(right: Counter[str], missed: dict[str, list[Any]], extra: dict[str, list[Any]], errors: int) -> None:
    for label in sorted({*right, *extra}):
        line(label, right[label], len(missed.get(label, ())), len(extra.get(label, ())))
        for kind, spans in (("missed", missed.get(label, [])), ("extra", extra.get(label, []))):
            for found, context in spans[:errors]:
                sys.stdout.write(f"    {kind:7}{found!r}  in  {context!r}\n")
    line("SEVEN", sum(right[label] for label in SEVEN), sum(len(missed.get(label, ())) for label in SEVEN),
         sum(len(extra.get(label, ())) for label in SEVEN))


def line(label: str, right: int, missed: int, extra: int) -> None:
    precision, recall = right / max(1, right + extra), right / max(1, right + missed)
    score = 2 * right / max(1, 2 * right + missed + extra)
    sys.stdout.write(f"{label:16} right {right:5} missed {missed:4} extra {extra:4}   "
                     f"P {precision:.3f} R {recall:.3f} F1 {score:.3f}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
