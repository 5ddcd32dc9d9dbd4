"""The docs are held to the program: what exists is in them."""

import re
from pathlib import Path

import pytest
from starlette.routing import Route

from gateway.config.settings import Settings
from gateway.telemetry.logs import Log
from operations.backups.gauges import of_backups
from operations.control.process import Control
from operations.drills.gauges import of_drills
from operations.metrics import gauges
from operations.metrics.content import of_content
from operations.metrics.exposition import traffic
from operations.retention.keeping import KINDS
from tests.operations.conftest import Lines
from tests.operations.running import ROOT
from tests.operations.test_cli import LEAVES

OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
METRICS = (ROOT / "docs" / "metrics.md").read_text()


@pytest.fixture
def control(tmp_path: Path, log: Log, lines: Lines) -> Control:
    return Control(Settings(routing="r", state=str(tmp_path), database=f"sqlite:///{tmp_path}/g.db"), "", log)


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_command_is_in_the_docs(path: tuple[str, ...]) -> None:
    assert f"`gatewright {' '.join(path)}" in OPERATIONS


def test_every_route_is_in_the_docs(control: Control) -> None:
    for route in control._routes():
        assert isinstance(route, Route)
        path = re.sub(r":\w+}", "}", route.path)
        for method in (route.methods or set()) - {"HEAD"}:
            assert re.search(rf"`{method} {re.escape(path)}[`?]", OPERATIONS), f"{method} {path}"


def test_every_metric_is_in_the_docs_with_its_labels(control: Control) -> None:
    journal = gauges.of_journal(control.drain, control.following, control.workers, control.room)
    kept = of_content(control.content, control.retention, control.erasures, control.workers)
    control.retention.oldest = dict.fromkeys(KINDS, 0.0)
    families = [*traffic(control.fold), *kept, *gauges.of_revisions(control.keeper, control.file),
                *gauges.of_workers(control.workers), *gauges.of_cache(control.workers),
                *gauges.of_gathering(control.workers),
                *gauges.of_classifiers(control.classifiers), *journal, *gauges.of_audit(control.auditor),
                *of_backups(control.backups), *of_drills(control.drills), *control.batch_figures.families(),
                *control.upstream.families()]
    documented = dict(re.findall(r"^\| `(\w+)` \| ([\w, ]*?) *\|", METRICS, re.MULTILINE))
    suffix = {"counter": "_total", "info": "_info"}
    for family in families:
        name = family.name + suffix.get(family.type, "")
        assert name in documented, name
        labels = list(getattr(family, "_labelnames", ())) or (["version"] if family.type == "info" else [])
        assert documented[name] == ", ".join(labels), name
    assert len(documented) == len(families)


def test_every_error_code_is_in_the_docs() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "operations").rglob("*.py")
                       if path.parent.name != "cli")
    codes = set(re.findall(r'(?:error|AdminError)\(\d+, "(\w+)"', source)) | {"not_found", "method_not_allowed"}
    assert len(codes) > 15
    for code in codes:
        assert f"`{code}`" in OPERATIONS, code
