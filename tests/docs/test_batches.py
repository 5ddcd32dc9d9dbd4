"""docs/batches.md has the states, the codes and the endpoints as the code has them."""

import ast
import re

from gateway.batches.batch import drawn
from gateway.batches.line import ENDPOINTS
from gateway.batches.outputs import UNANSWERED
from tests.docs.documents import ROOT, fences, rows, section

PAGE = ROOT / "docs" / "batches.md"


def test_the_states_are_printed_from_the_table() -> None:
    assert "\n".join(drawn()) in {fence.text.strip() for fence in fences(PAGE)}


def test_every_code_of_an_input_is_in_the_document_and_no_other() -> None:
    given = set()
    for path in (ROOT / "gateway" / "batches").glob("*.py"):
        given |= {node.args[0].value for node in ast.walk(ast.parse(path.read_text()))
                  if isinstance(node, ast.Call) and ast.unparse(node.func) == "LineError"
                  and isinstance(node.args[0], ast.Constant)}
    assert set(rows(PAGE, "What is right about an input")) == given


def test_every_reason_for_no_answer_is_in_the_document() -> None:
    told = section(PAGE, "States")
    assert [code for code, _ in UNANSWERED.values() if f"`{code}`" not in told] == []


def test_every_endpoint_is_in_the_document() -> None:
    told = set(re.findall(r"`(/v1/[a-z/]+)`", PAGE.read_text().partition("\n## ")[0])) - {"/v1/files", "/v1/batches"}
    assert told == {*ENDPOINTS, "/v1/moderations"}
