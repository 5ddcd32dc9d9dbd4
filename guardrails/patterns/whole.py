"""A whole text, looked at in blocks: none of the steps takes long, and between two of them it can be left off."""

import time
from collections.abc import Callable, Iterator

from guardrails.patterns.scanner import Cluster, Match, Scanner
from guardrails.patterns.window import Window

BLOCK_CHARACTERS = 4096
BREATH_SECONDS = 0.0002


def breathe() -> None:
    """To be called between the steps of a long piece of work in a thread: lets the other threads run.

    The patterns let go of the interpreter while they match, but for moments: who waits for it is woken each time, and
    comes too late each time, so that it never gets to ask for its turn. To sleep is to give it away.
    """
    time.sleep(BREATH_SECONDS)


def going_on() -> bool:
    """Nothing stops it."""
    return False


def clusters_of(scanner: Scanner, text: str, stopped: Callable[[], bool] = going_on) -> Iterator[Cluster]:
    """What is found in ``text``, in order, each with all of its tail. Offsets are in bytes of UTF-8."""
    window = Window(scanner)
    if len(text) <= BLOCK_CHARACTERS:
        yield from window.feed(text.encode(), last=True)
        return
    held: Cluster | None = None  # the tail of the last one may go on
    for start in range(0, len(text), BLOCK_CHARACTERS):
        if stopped():
            return
        piece = text[start : start + BLOCK_CHARACTERS]
        for cluster in window.feed(piece.encode(), last=start + BLOCK_CHARACTERS >= len(text)):
            if cluster.goes_on and held is not None:
                held = _longer(held, cluster)
                continue
            if held is not None:
                yield held
            held = cluster
    if held is not None:
        yield held


def _longer(cluster: Cluster, tail: Cluster) -> Cluster:
    ends = {match.pattern: match.found_end for match in tail.matches}
    return cluster._replace(end=tail.end, matches=[_grown(match, cluster.end, ends) for match in cluster.matches])


def _grown(match: Match, end: int, ends: dict[int, int]) -> Match:
    if match.found_end != end or match.score <= 0:
        return match
    return match._replace(found_end=ends.get(match.pattern, match.found_end))
