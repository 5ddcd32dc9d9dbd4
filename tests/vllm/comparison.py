"""Says whether two answers are the same answer, byte for byte, less what must differ between any two requests.

What must differ: ids that the server draws, and times. They are replaced where they stand, in the bytes, so that the
order of keys, the spelling of numbers and every space still count.
"""

import difflib
import re
from collections.abc import Callable, Iterable

from tests.vllm.wire import Answer

DRAWN = (
    (re.compile(rb'"(id|item_id)":"(chatcmpl-tool-|chatcmpl-|cmpl-|resp_|msg_|modelperm-)[^"]*"'), rb'"\1":"\2*"'),
    (re.compile(rb'"(created|created_at)":\d+'), rb'"\1":0'),
)
HEADERS = ("content-type", "allow")
ATTEMPTS = 3


def normalised(part: bytes) -> bytes:
    for pattern, replacement in DRAWN:
        part = pattern.sub(replacement, part)
    return part


def lines_of(answer: Answer) -> list[str]:
    """The answer as text to compare: the status, the headers that count, then each event (or the body) on its lines."""
    parts = answer.events if answer.is_stream else [answer.body]
    head = [f"status {answer.status}", *(f"{name}: {answer.headers.get(name)}" for name in HEADERS)]
    return [*head, *(line for part in parts for line in normalised(part).decode().split("\n"))]


def by_choice(lines: Iterable[str]) -> list[str]:
    """Orders the chunks of each choice together: between two choices vLLM promises no order."""
    def place(line: str) -> int:
        found = re.search(r'"choices":\[\{"index":(\d+)', line)
        return int(found[1]) if found else 99

    return sorted(lines, key=place)


def difference(direct: Answer, through: Answer, order: Callable[[Iterable[str]], list[str]] = list) -> str:
    """Returns what differs, as a diff to read; empty where nothing does."""
    before, after = order(lines_of(direct)), order(lines_of(through))
    return "\n".join(difflib.unified_diff(before, after, "direct", "through the gateway", n=1, lineterm=""))


def assert_same(direct: Callable[[], Answer], through: Callable[[], Answer],
                order: Callable[[Iterable[str]], list[str]] = list) -> Answer:
    """Asks both, fails with the diff where they differ, and returns the gateway's answer.

    A busy vLLM may put two tokens into one chunk. So a pair that differs is asked again: a difference that the gateway
    makes is there every time.
    """
    for _ in range(ATTEMPTS):
        answer = through()
        found = difference(direct(), answer, order)
        if not found:
            return answer
    raise AssertionError(f"the gateway's answer is not the server's:\n{found}")
