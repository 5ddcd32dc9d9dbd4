"""The page itself: what is live, what it runs on, what came through last, and what somebody should look at."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from gateway.config.routing_document import RoutingDocument
from gateway.worker_status import WorkerStatus
from operations.console.html import Html, bar, element, table
from operations.ledger.lengths import time_of
from operations.workers.board import EndpointSum

REFRESH_SECONDS = 5
STYLE = (Path(__file__).parent / "style.css").read_text()


class View(msgspec.Struct, kw_only=True):
    """All that the page shows. ``exchanges`` is None while the database does not answer."""

    revision: int
    revised_at: float
    document: RoutingDocument | None
    missing: Sequence[str]
    notes: Sequence[str]
    workers: Sequence[tuple[WorkerStatus, str]]
    endpoints: Sequence[EndpointSum]
    exchanges: Sequence[dict[str, Any]] | None


def render(view: View) -> str:
    """The page as HTML."""
    body = [*_header(view), *_notices(view), *_models(view.document), *_endpoints(view), *_workers(view),
            *_exchanges(view.exchanges)]
    head = (f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta http-equiv="refresh" '
            f'content="{REFRESH_SECONDS}"><title>gatewright</title><style>{STYLE}</style>')
    return f'<!doctype html><html lang="en"><head>{head}</head>{element("body", *body)}</html>'


def _header(view: View) -> Iterator[Html]:
    state = element("span", "not ready", kind="bad") if view.missing else element("span", "ready", kind="good")
    revised = datetime.fromtimestamp(view.revised_at, UTC).strftime("%Y-%m-%d %H:%M:%S")
    yield element("header", element("h1", "gatewright"), state,
                  element("span", f"revision {view.revision}, {revised} UTC", kind="quiet"))


def _notices(view: View) -> Iterator[Html]:
    for kind, said in (("notice bad", view.missing), ("notice", view.notes)):
        if said:
            yield element("section", *(element("p", one) for one in said), kind=kind)


def _models(document: RoutingDocument | None) -> Iterator[Html]:
    yield element("h2", "Models")
    rows = []
    for name, model in (document.models if document else {}).items():
        total = sum(model.split.values())
        for version, weight in model.split.items():
            rows.append((element("code", name), element("code", version), f"{weight / total:.1%}", bar(weight / total),
                         model.sticky, ", ".join(model.fallback) or "-"))
    yield table(("Model", "Version", "Share", "", "Sticky to", "Fallback"), rows, "No model is served.")


def _endpoints(view: View) -> Iterator[Html]:
    yield element("h2", "Endpoints")
    yield table(("Version", "Endpoint", "In flight", "Healthy"), (
        (element("code", one.version), element("code", one.endpoint), one.in_flight, _health(one))
        for one in view.endpoints), "No worker has told of an endpoint yet.")


def _health(one: EndpointSum) -> Html:
    if one.healthy == one.workers:
        return element("span", "yes", kind="good")
    return element("span", f"for {one.healthy} of {one.workers} workers", kind="bad")


def _workers(view: View) -> Iterator[Html]:
    yield element("h2", "Workers")
    yield table(("Worker", "Process", "State", "Revision", "In flight", "Connections"), (
        (element("code", status.worker), status.pid,
         element("span", state, kind="good" if state == "ready" else "bad"),
         _revision(status, view.revision), status.exchanges_in_flight, status.connections)
        for status, state in view.workers), "No worker has been heard of.")


def _revision(status: WorkerStatus, live: int) -> Html:
    return element("span", status.revision, kind="" if status.revision == live else "bad")


def _exchanges(exchanges: Iterable[dict[str, Any]] | None) -> Iterator[Html]:
    yield element("h2", "Latest exchanges")
    if exchanges is None:
        yield element("p", "The database does not answer.", kind="bad")
        return
    yield table(("Began (UTC)", "Id", "Model", "Version", "Outcome", "First token", "Took", "Tokens"), (
        (datetime.fromtimestamp(row["started_at"], UTC).strftime("%H:%M:%S"), element("code", row["id"]),
         row["model"] or "-", row["arm_served"] or "-", _outcome(row),
         time_of(row["first_token_seconds"]) if row["first_token_seconds"] else "-",
         time_of(row["total_seconds"]), row["completion_tokens"]) for row in exchanges), "None yet.")


def _outcome(row: dict[str, Any]) -> Html:
    if row["outcome"] == "answered":
        return element("span", "answered")
    return element("span", f"{row['outcome']}: {row['code'] or row['status']}", kind="bad")
