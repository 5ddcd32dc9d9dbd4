"""What becomes of a line by the reply that it got: it is done, or it is asked again."""

from typing import NamedTuple

from gateway.reply import Head

# Nobody's fault, and over sooner or later: asked again until the window's end.
_FULL_CODES = frozenset({"overloaded", "shutting_down", "journal_unavailable", "guard_unavailable",
                         "upstream_unreachable", "files_unavailable"})
_FULL_STATUSES = frozenset({429, 503})
MOST_TRIES = 4  # where something failed that may fail again
FIRST_PAUSE_SECONDS = 1.0
_LONGEST_ASKED_SECONDS = 300.0


class Ruling(NamedTuple):
    """``final``: what came is the line's result. Else it is asked again: after ``pause_seconds``, or, where the model
    ``is_full``, when that has rested; 0 leaves the length of the rest open."""

    final: bool
    is_full: bool = False
    pause_seconds: float = 0.0


FINAL = Ruling(True)


def ruling_on(status: int, code: str, head: Head | None, tries: int) -> Ruling:
    """``code`` is the refusal's, empty for what a model server said; ``tries`` counts this one, but no refusals of the
    kind that says that there is no room."""
    if code in _FULL_CODES or (not code and status in _FULL_STATUSES):
        return Ruling(False, True, _asked_for(head))
    if status >= 500 and tries < MOST_TRIES:
        return Ruling(False, False, FIRST_PAUSE_SECONDS * 4 ** (tries - 1))
    return FINAL


def _asked_for(head: Head | None) -> float:
    written = dict(head.headers).get(b"retry-after", b"") if head is not None else b""
    return min(float(written), _LONGEST_ASKED_SECONDS) if written.isdigit() else 0.0
