"""Every link between the documents leads somewhere, headings included."""

from urllib.parse import unquote

from tests.docs.documents import ROOT, anchors, documents, links


def test_every_relative_link_resolves() -> None:
    broken = []
    for page in documents():
        for link in links(page):
            path, _, anchor = unquote(link).partition("#")
            if "://" in link or link.startswith("mailto:"):
                continue
            target = (page.parent / path) if path else page
            if not target.exists() or (anchor and anchor not in anchors(target)):
                broken.append(f"{page.relative_to(ROOT)}: {link}")
    assert broken == []


def test_every_document_is_in_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link).resolve() for link in links(index)}
    assert [page.name for page in documents() if page.resolve() not in linked | {index}] == []
