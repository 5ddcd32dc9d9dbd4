"""The documents as the tests read them: fenced blocks with their info string, tables, inline code, links."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parents[2]
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|(?:src|href|srcset)=\"([^\"]+)\"")


class Fence(msgspec.Struct, frozen=True):
    """A fenced block. The info string's first word is its language; the others say what a test must know of it."""

    file: Path
    line: int
    words: tuple[str, ...]
    text: str

    @property
    def language(self) -> str:
        return self.words[0] if self.words else ""

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line}"


def documents() -> list[Path]:
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "loadtests").glob("*.md"))]


def fences(path: Path) -> Iterator[Fence]:
    words: tuple[str, ...] | None = None
    lines: list[str] = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.startswith("```"):
            lines.append(line)
        elif words is None:
            words, lines = tuple(line.removeprefix("```").split()), []
        else:
            yield Fence(path, number - len(lines) - 1, words, "\n".join(lines) + "\n")
            words = None


def prose(path: Path) -> str:
    """The text between the fences."""
    return re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)


def inline_code(path: Path) -> list[str]:
    return _INLINE.findall(prose(path))


def links(path: Path) -> list[str]:
    text = re.sub(_INLINE, "", prose(path))
    return [markdown or html for markdown, html in _LINK.findall(text)]


def anchors(path: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.+?) *$", prose(path), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def section(path: Path, heading: str) -> str:
    """What stands under a heading of the second level."""
    found = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", prose(path), flags=re.DOTALL | re.MULTILINE)
    assert found, f"{path.name} has no section {heading!r}"
    return found[1]


def rows(path: Path, *headings: str) -> dict[str, list[str]]:
    """The rows of tables, of all or of those under ``headings``, whose first cell is one piece of code, by that code.

    The other cells come as they stand.
    """
    text = "".join(section(path, heading) for heading in headings) if headings else prose(path)
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        first, *others = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("| `") and re.fullmatch(r"`[^`]+`", first):
            assert first not in found, f"{path.name}: {first} stands twice"
            found[first.strip("`")] = others
    return found
