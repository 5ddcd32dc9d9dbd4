"""HTML from Python values. Text is escaped unless it was made here."""

from collections.abc import Iterable, Sequence
from html import escape


class Html(str):
    """Markup that needs no escaping."""

    __slots__ = ()


def text(value: object) -> Html:
    return value if isinstance(value, Html) else Html(escape(str(value)))


def element(name: str, *children: object, kind: str = "") -> Html:
    """An element with a class, where one is given."""
    attribute = f' class="{escape(kind)}"' if kind else ""
    return Html(f"<{name}{attribute}>{''.join(map(text, children))}</{name}>")


def table(header: Sequence[str], rows: Iterable[Sequence[object]], empty: str) -> Html:
    """A table; a sentence instead of one without rows."""
    body = [element("tr", *(element("td", cell) for cell in row)) for row in rows]
    if not body:
        return element("p", empty, kind="quiet")
    return element("table", element("thead", element("tr", *(element("th", cell) for cell in header))),
                   element("tbody", *body))


def bar(share: float) -> Html:
    """A share as a bar; ``share`` from 0 to 1."""
    return Html(f'<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none"><rect class="track" width="100" '
                f'height="8"/><rect width="{100 * min(max(share, 0.0), 1.0):.2f}" height="8"/></svg>')
