"""docs/errors.md has every code that a caller can get, with its status, and no other."""

import ast
import re
from collections.abc import Iterator

from gateway import refusal
from gateway.refusal import Refusal
from tests.docs.documents import ROOT, rows

PAGE = ROOT / "docs" / "errors.md"
OURS = ("The request cannot be served as it is", "A policy says no", "The gateway cannot serve it now",
        "The model server failed")
UNSENT = {"reader_stalled"}  # stands in the ledger; no reply can carry it


def classes() -> dict[str, type[Refusal]]:
    """The refusals that are raised: those of the tree that name a code of their own."""
    return {name: one for name, one in vars(refusal).items()
            if isinstance(one, type) and issubclass(one, Refusal) and one is not Refusal and "code" in vars(one)}


def calls() -> Iterator[ast.Call]:
    for path in (ROOT / "gateway").rglob("*.py"):
        yield from (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))


def overridden() -> Iterator[tuple[str, int]]:
    """Codes given where a refusal is made, ``NotFound(..., code="model_not_found")``, each with its status."""
    for call in calls():
        kind = classes().get(ast.unparse(call.func))
        given = {one.arg: one.value for one in call.keywords}
        if kind is not None and isinstance(code := given.get("code"), ast.Constant):
            status = given.get("status")
            yield str(code.value), int(str(status.value)) if isinstance(status, ast.Constant) else kind.status


def of_documents() -> Iterator[tuple[str, int]]:
    """Codes of the strict reader of JSON; what it raises becomes an InvalidRequest."""
    source = (ROOT / "models" / "protocol" / "document.py").read_text()
    yield from ((code, 400) for code in re.findall(r'InvalidDocument\("(\w+)"', source))


def test_every_code_is_in_the_document_with_its_status_and_no_other() -> None:
    codes = {(one.code, one.status) for one in classes().values()} | set(overridden()) | set(of_documents())
    told = {(code, int(cells[0])) for code, cells in rows(PAGE, *OURS).items() if code not in UNSENT}
    assert {pair for pair in codes if pair[0] not in UNSENT} == told
    assert set(rows(PAGE, *OURS)) >= UNSENT


def test_the_document_says_rightly_whether_trying_again_may_help() -> None:
    table = rows(PAGE, *OURS)
    for one in classes().values():
        expected = f"after {one.retry_after_seconds} s" if one.retry_after_seconds else "yes" if one.retryable else "no"
        assert table[one.code][1] == expected, one


def test_every_code_has_a_meaning_and_a_remedy() -> None:
    assert [code for code, cells in rows(PAGE, *OURS).items() if len(cells) != 4 or min(map(len, cells[2:])) < 10] == []


def test_every_code_of_the_admin_port_is_in_the_document_with_its_status_and_no_other() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "operations").rglob("*.py"))
    raised = set(re.findall(r'(?:AdminError|error)\(\s*(\d{3}), "(\w+)"', sources))
    mapped = {("404", "not_found"), ("405", "method_not_allowed"), ("4xx", "bad_request")}  # Starlette's own refusals
    assert {(cells[0], code) for code, cells in rows(PAGE, "The admin port").items()} == raised | mapped
