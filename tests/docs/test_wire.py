"""docs/wire.md names the paths, and the headers that pass, as the code has them."""

import re

import pytest

from gateway.api.application import make_routes
from gateway.api.batches import BatchRoutes
from gateway.api.files import FileRoutes
from gateway.feedback import FEEDBACK
from gateway.inference import PASSED_BACK
from gateway.moderation import MODERATIONS
from gateway.readiness import Readiness
from gateway.snapshot import Snapshot
from gateway.upstream_request import FORWARDED
from models.protocol.operations import OPERATIONS
from tests.docs.documents import ROOT, rows, section

PAGE = ROOT / "docs" / "wire.md"


def test_every_path_is_in_the_document_with_its_method_and_no_other() -> None:
    snapshot = Snapshot(1, "", 0.0, {})
    routes = make_routes(lambda: snapshot, lambda: Readiness(True, 1, []), None)
    posted = {operation.path for operation in (*OPERATIONS, MODERATIONS, FEEDBACK)}
    served = {route.path: {"POST"} if route.path in posted else {"GET"} for route in routes}
    for route in (*FileRoutes(None, None).routes(),  # type: ignore[arg-type]
                  *BatchRoutes(None, None, print).routes()):  # type: ignore[arg-type]
        served.setdefault(route.path, set()).update((route.methods or set()) - {"HEAD"})
    assert {path: set(cells[0].split(", ")) for path, cells in rows(PAGE, "Paths").items()} == served


@pytest.mark.parametrize(("heading", "headers"), [
    ("A request, on its way to the server", FORWARDED), ("A reply, on its way to the client", PASSED_BACK)])
def test_every_header_that_passes_is_in_the_document(heading: str, headers: frozenset[bytes]) -> None:
    passing = {name for name, cells in rows(PAGE, heading).items() if "as it came" in cells[-1]}
    assert {name.decode() for name in headers} == passing


def test_every_header_of_ours_is_in_the_document() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "gateway").rglob("*.py"))
    written = set(re.findall(r"(x-gatewright-[a-z]+): ", sources)) | {"x-request-id"}
    told = {name for name in rows(PAGE, "A reply, on its way to the client") if name.startswith(("x-g", "x-r"))}
    assert told == written


def test_every_time_out_is_in_the_document() -> None:
    assert "`total` alone" in section(PAGE, "Time-outs")
    assert set(rows(PAGE, "Time-outs")) == {"connect", "first_token", "between_tokens", "total"}
