"""Writes an evaluation set of prompts that were written by hand, with names and addresses marked as an annotator would:
jsonl with `text`, `spans` and `label`.

    python -m guardrails.training.names_written --part held-out > held-out.jsonl

Letters, chats, forms, tables, code, in English and seven other languages, with titles, initials, small letters, post
boxes and flats, and a quarter of prompts that hold only what looks like a name: firms, monuments, books. `development`
was in view when the rules were made; `held-out` was looked at once, after them; `second` was written after both.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PARTS = ("development", "held-out", "second")
_TEXTS = Path(__file__).with_name("names_written.txt")
_LABELS = {"P": "PERSON", "A": "ADDRESS"}
# `{P:Dr. ~Maria Lopez}`: the mark tells titles from the name, for a reader; both are of the span.
_MARKED = re.compile(r"\{([PA]):([^}]*)\}")
_BETWEEN, _BETWEEN_SETS = "\n===\n", "\n======\n"


def row(marked: str) -> dict[str, Any]:
    text, spans, at = "", [], 0
    for found in _MARKED.finditer(marked):
        text += marked[at : found.start()]
        value = found[2].replace("~", "")
        spans.append({"start": len(text), "end": len(text) + len(value), "type": _LABELS[found[1]]})
        text += value
        at = found.end()
    return {"text": text + marked[at:], "spans": spans, "label": int(bool(spans)), "source": "written"}


def rows(part: str) -> Iterator[dict[str, Any]]:
    first, second = (texts.strip("\n").split(_BETWEEN) for texts in _TEXTS.read_text().split(_BETWEEN_SETS))
    for number, marked in enumerate(first):
        if part == ("held-out" if number % 3 == 2 else "development"):
            yield row(marked)
    if part == "second":
        yield from map(row, second)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=PARTS, required=True)
    for one in rows(parser.parse_args().part):
        sys.stdout.write(json.dumps(one, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
