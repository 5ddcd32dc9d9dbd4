"""A text with what was found in it: in colour on a terminal, in braces everywhere else."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from guardrails.evaluation.examiner import Seen
from guardrails.policy import Action

_STYLES: dict[Action, str] = {
    "block": "bold white on red", "redact": "black on yellow", "flag": "black on cyan", "shadow": "underline"}


def marked(text: str, seen: Sequence[Seen]) -> Iterator[tuple[str, Seen | None]]:
    """The text in pieces, each with the finding that it is. Of findings that overlap the first and longest is shown,
    and only those that the policy acts on."""
    at = 0
    for one in sorted(seen, key=lambda one: (one.finding.start, -one.finding.end)):
        start, end = one.finding.start, one.finding.end
        if one.action is None or start < at or start == end:
            continue
        yield text[at:start], None
        yield text[start:end], one
        at = end
    yield text[at:], None


def show_marked(console: Console, text: str, seen: Sequence[Seen]) -> None:
    """Prints ``text`` with its findings, each under its label."""
    shown = Text()
    coloured = console.is_terminal and not console.no_color
    for piece, one in marked(text, seen):
        piece = visible(piece)
        if one is None or one.action is None:
            shown.append(piece)
        elif coloured:
            shown.append(piece, _STYLES[one.action])
            shown.append(f" {one.finding.label} ", "dim italic")
        else:
            shown.append(f"{{{one.finding.label}: {piece}}}")
    console.print(shown, soft_wrap=True)


def visible(text: str) -> str:
    """The text without power over the terminal, and with what is meant not to be seen in it."""
    return "".join(one if one.isprintable() or one == "\n" else one.encode("unicode_escape").decode() for one in text)
