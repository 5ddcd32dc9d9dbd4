"""The admin API as its callers see it: a real database, a real journal, no server between."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.config.settings import Settings
from gateway.config.written import Address
from gateway.journal import Journal
from gateway.telemetry.logs import Log
from gateway.worker_status import EndpointStatus, WorkerStatus
from operations.control.process import Control
from tests.operations.routings import TEXT, broken, routing
from tests.operations.scripted_worker import record

KEY = "k" * 40
LOOPBACK = "http://127.0.0.1:8001"


both = pytest.mark.parametrize("control", ["sqlite", "postgres"], indirect=True)


def settings_in(folder: Path, database: str | None = None) -> Settings:
    (folder / "routing.yaml").write_text(TEXT)
    return Settings(routing=str(folder / "routing.yaml"), state=str(folder / "state"),
                    database=database or f"sqlite:///{folder}/gatewright.db", admin=Address("127.0.0.1:0"))


def client_of(control: Control, base: str = LOOPBACK, **options: Any) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(control.app), base_url=base, **options)


@pytest.fixture
async def control(request: pytest.FixtureRequest, tmp_path: Path, log: Log) -> AsyncIterator[Control]:
    """On SQLite, and where a test is marked ``both`` on PostgreSQL too."""
    url = request.getfixturevalue(f"{getattr(request, 'param', 'sqlite')}_url")
    control = Control(settings_in(tmp_path, url), "", log)
    await control.open()
    yield control
    control.database.close()


@pytest.fixture
async def admin(control: Control) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(control) as client:
        yield client


async def traffic(control: Control, folder: Path, *ids: str) -> None:
    """Exchanges from journal to ledger and metrics."""
    journal = Journal(folder / "state" / "journal", "w0")
    for one in ids:
        journal.append(record(one))
    journal.close()
    control.following.step()
    await control.drain.step()


def hear(control: Control, worker: str = "w0", revision: int = 1, **fields: Any) -> None:
    control.workers.note(WorkerStatus(
        worker=worker, pid=7, at=time.time(), revision=revision, ready=True,
        endpoints=[EndpointStatus("smol-1", "http://127.0.0.1:9101", 2, True)], **fields))


def code(response: httpx2.Response) -> tuple[int, str]:
    """The status and the code of an error; every error has OpenAI's shape."""
    error = response.json()["error"]
    assert {"message", "type", "param", "code"} <= error.keys()
    assert error["message"]
    return response.status_code, error["code"]


async def test_health_is_alive_and_ready_names_what_is_missing(admin: httpx2.AsyncClient, control: Control) -> None:
    assert (await admin.get("/health")).json() == {"status": "alive"}
    response = await admin.get("/ready")
    assert response.status_code == 503
    assert response.json() == {"ready": False, "revision": 1, "missing": ["workers: none is ready"], "notes": []}
    hear(control)
    response = await admin.get("/ready")
    assert (response.status_code, response.json()["missing"]) == (200, [])


@both
async def test_apply_makes_a_revision_and_tells_which_workers_serve_it(
    admin: httpx2.AsyncClient, control: Control
) -> None:
    hear(control, "w0", revision=2)
    hear(control, "w1", revision=1)
    response = await admin.post("/admin/revisions", json={
        "routing": routing(80), "reason": "less", "actor": "ann", "wait_seconds": 0.01})
    answer = response.json()
    assert (response.status_code, answer["revision"], answer["new"]) == (201, 2, True)
    assert answer["workers"] == {"w0": True, "w1": False}
    assert [one["path"] for one in answer["plan"]["differences"]] == ["models.assistant.split.smol-1"]


@both
async def test_applying_what_is_live_changes_nothing(admin: httpx2.AsyncClient) -> None:
    response = await admin.post("/admin/revisions", json={"routing": routing(), "reason": "again"})
    assert (response.status_code, response.json()["new"], response.json()["revision"]) == (200, False, 1)


@both
async def test_a_dry_run_and_a_plan_say_what_would_change(admin: httpx2.AsyncClient) -> None:
    dry = (await admin.post("/admin/revisions", json={"routing": routing(80), "reason": "r", "dry_run": True})).json()
    plan = (await admin.post("/admin/revisions/plan", json={"routing": routing(80)})).json()
    assert dry["plan"] == plan
    assert plan["differences"] == [{"path": "models.assistant.split.smol-1", "kind": "changed", "before": 90,
                                    "after": 80}]
    assert plan["changes_nothing"] is False
    assert (await admin.get("/admin/revisions")).json()["current"] == 1


@both
async def test_a_stale_base_is_refused_with_the_current_revision(admin: httpx2.AsyncClient) -> None:
    for dry_run in (False, True):
        response = await admin.post("/admin/revisions", json={
            "routing": routing(80), "reason": "r", "based_on": 9, "dry_run": dry_run})
        assert code(response) == (409, "stale_revision")
        assert response.json()["error"]["current"] == 1


async def test_broken_routing_is_refused_with_every_problem(admin: httpx2.AsyncClient) -> None:
    for path, more in (("/admin/revisions", {"reason": "r"}), ("/admin/revisions/plan", {})):
        response = await admin.post(path, json={"routing": broken(), **more})
        assert code(response) == (422, "invalid_routing")
        problems = response.json()["error"]["problems"]
        assert [problem["path"] for problem in problems] == ["models.assistant.split.smol-2",
                                                             "models.assistant.fallback[0]"]
        assert problems[1]["nearest"] == "smol-2"


@both
async def test_history_shows_who_changed_what_when_and_why(admin: httpx2.AsyncClient) -> None:
    await admin.post("/admin/revisions", json={"routing": routing(80), "reason": "less", "actor": "ann"})
    await admin.post("/admin/revisions/1/rollback", json={"reason": "more", "actor": "bob", "based_on": 2})
    rows = (await admin.get("/admin/revisions")).json()["revisions"]
    assert [(row["revision"], row["source"], row["actor"], row["reason"], row["based_on"]) for row in rows] == [
        (3, "rollback", "bob", "more", 2), (2, "api", "ann", "less", 1),
        (1, "file", "file", "routing.yaml changed", None)]
    assert [row["revision"] for row in (await admin.get("/admin/revisions?limit=1")).json()["revisions"]] == [3]
    current = (await admin.get("/admin/revisions/current")).json()
    assert (current["revision"], current["routing"]) == (3, routing())
    diff = (await admin.get("/admin/revisions/2/diff/current")).json()
    assert [one["after"] for one in diff["differences"]] == [90]


@both
async def test_a_rollback_can_be_tried_dry_and_is_refused_on_a_stale_base(admin: httpx2.AsyncClient) -> None:
    await admin.post("/admin/revisions", json={"routing": routing(80), "reason": "less"})
    dry = await admin.post("/admin/revisions/1/rollback", json={"reason": "r", "dry_run": True})
    assert dry.json()["plan"]["differences"][0]["after"] == 90
    stale = await admin.post("/admin/revisions/1/rollback", json={"reason": "r", "based_on": 1})
    assert code(stale) == (409, "stale_revision")
    assert (await admin.get("/admin/revisions")).json()["current"] == 2


@both
async def test_acts_are_listed_and_shown(admin: httpx2.AsyncClient) -> None:
    await admin.post("/admin/revisions", json={"routing": routing(80), "reason": "less", "actor": "ann"})
    [newest, first] = (await admin.get("/admin/acts")).json()["acts"]
    assert (newest["kind"], newest["actor"], newest["reason"]) == ("revision.apply", "ann", "less")
    assert (await admin.get(f"/admin/acts/{first['id']}")).json() == first
    assert code(await admin.get("/admin/acts/999")) == (404, "act_not_found")
    assert code(await admin.get("/admin/acts/99999999999999999999")) == (404, "act_not_found")


@both
async def test_exchanges_are_listed_newest_first_and_filtered(
    admin: httpx2.AsyncClient, control: Control, tmp_path: Path
) -> None:
    await traffic(control, tmp_path, "aaaaaaaa1", "aaaaaaaa2", "bbbbbbbb1")
    rows = (await admin.get("/admin/exchanges")).json()["exchanges"]
    assert [row["id"] for row in rows] == ["bbbbbbbb1", "aaaaaaaa2", "aaaaaaaa1"]
    assert rows[0]["attempts"][0]["endpoint"] == "http://127.0.0.1:9"
    assert (await admin.get("/admin/exchanges?model=other")).json()["exchanges"] == []
    assert (await admin.get("/admin/exchanges?outcome=failed")).json()["exchanges"] == []
    assert len((await admin.get("/admin/exchanges?model=assistant&limit=2")).json()["exchanges"]) == 2


@both
async def test_an_exchange_is_found_by_the_beginning_of_its_id(
    admin: httpx2.AsyncClient, control: Control, tmp_path: Path
) -> None:
    await traffic(control, tmp_path, "aaaaaaaa1", "aaaaaaaa12", "bbbbbbbb1", "c_c_c_c_c", "short")
    assert (await admin.get("/admin/exchanges/bbbbbbbb")).json()["id"] == "bbbbbbbb1"
    assert (await admin.get("/admin/exchanges/aaaaaaaa1")).json()["id"] == "aaaaaaaa1", "its own id is no prefix"
    assert (await admin.get("/admin/exchanges/short")).json()["id"] == "short"
    assert code(await admin.get("/admin/exchanges/aaaaaaaa")) == (409, "exchange_ambiguous")
    assert code(await admin.get("/admin/exchanges/shor")) == (404, "exchange_not_found")
    assert code(await admin.get("/admin/exchanges/%25%25%25%25%25%25%25%25")) == (404, "exchange_not_found")


async def test_workers_and_endpoints_are_shown(admin: httpx2.AsyncClient, control: Control) -> None:
    hear(control, refused="models.x: nonsense")
    answer = (await admin.get("/admin/workers")).json()
    assert [(row["worker"], row["state"], row["revision"]) for row in answer["workers"]] == [("w0", "ready", 1)]
    assert answer["endpoints"] == [{"version": "smol-1", "endpoint": "http://127.0.0.1:9101", "in_flight": 2,
                                    "healthy": 1, "workers": 1}]
    assert (await admin.get("/admin/workers/w0")).json()["refused"] == "models.x: nonsense"
    assert code(await admin.get("/admin/workers/w9")) == (404, "worker_not_found")
    assert "w0 refuses" in (await admin.get("/ready")).json()["notes"][0]


async def test_a_refused_file_is_shown_with_its_problems(
    admin: httpx2.AsyncClient, control: Control, tmp_path: Path
) -> None:
    (tmp_path / "routing.yaml").write_text(TEXT.replace("90", "none"))
    await control.file.take(*control.file.read())
    config = (await admin.get("/admin/config")).json()
    assert (config["revision"], config["file_refused"]) == (1, True)
    assert [problem["path"] for problem in config["problems"]] == ["models.assistant.split.smol-1"]
    assert "gatewright_config_file_refused 1.0" in (await admin.get("/metrics")).text
    assert "routing.yaml is refused" in (await admin.get("/ready")).json()["notes"][0]


@both
async def test_metrics_tell_of_traffic_workers_and_revision(
    admin: httpx2.AsyncClient, control: Control, tmp_path: Path
) -> None:
    await traffic(control, tmp_path, "a", "b")
    hear(control, journal_lost=3)
    page = await admin.get("/metrics")
    assert page.headers["content-type"].startswith("text/plain; version=")
    for line in (
        'gatewright_requests_total{endpoint="chat.completions",model="assistant",outcome="answered",'
        'version="smol-1"} 2.0',
        "gatewright_config_revision 1.0",
        'gatewright_worker_revision{worker="w0"} 1.0',
        'gatewright_upstream_in_flight{endpoint="http://127.0.0.1:9101",version="smol-1"} 2.0',
        "gatewright_journal_lost_total 3.0", "gatewright_ledger_up 1.0", "gatewright_ledger_records_total 2.0",
        "gatewright_journal_undrained_bytes 0.0", "gatewright_workers_ready 1.0"
    ):
        assert line in page.text.splitlines()


@both
async def test_what_metrics_count_the_ledger_has(
    admin: httpx2.AsyncClient, control: Control, tmp_path: Path
) -> None:
    await traffic(control, tmp_path, *(f"id-{number}" for number in range(30)))
    rows = (await admin.get("/admin/exchanges?limit=1000")).json()["exchanges"]
    assert len(rows) == control.fold.records_total == 30


@pytest.mark.parametrize(("method", "path", "body", "expected"), [
    ("GET", "/nowhere", None, (404, "not_found")),
    ("GET", "/admin/revisions/9", None, (404, "revision_not_found")),
    ("GET", "/admin/revisions/seven", None, (404, "revision_not_found")),
    ("GET", "/admin/revisions/99999999999999999999", None, (404, "revision_not_found")),
    ("GET", "/admin/revisions/1/diff/9", None, (404, "revision_not_found")),
    ("POST", "/admin/revisions/9/rollback", b'{"reason": "r"}', (404, "revision_not_found")),
    ("DELETE", "/admin/revisions", None, (405, "method_not_allowed")),
    ("PUT", "/metrics", b"{}", (405, "method_not_allowed")),
    ("POST", "/admin/revisions", b"{", (400, "invalid_body")),
    ("POST", "/admin/revisions", b"\xff", (400, "invalid_body")),
    ("POST", "/admin/revisions", b'{"routing": {}}', (400, "invalid_body")),
    ("POST", "/admin/revisions", b'{"routing": {}, "reason": ""}', (400, "invalid_body")),
    ("POST", "/admin/revisions", b'{"routing": {}, "reason": "r", "dryrun": true}', (400, "invalid_body")),
    ("POST", "/admin/revisions", b'{"routing": {}, "reason": "r", "wait_seconds": 1e9}', (400, "invalid_body")),
    ("POST", "/admin/revisions", b'{"routing": [], "reason": "r"}', (422, "invalid_routing")),
    ("POST", "/admin/revisions", b'{"routing": null, "reason": "r"}', (422, "invalid_routing")),
    ("POST", "/admin/revisions", b" " * (5 << 20), (413, "body_too_large")),
    ("GET", "/admin/exchanges?limit=0", None, (400, "invalid_parameter")),
    ("GET", "/admin/exchanges?limit=many", None, (400, "invalid_parameter")),
    ("GET", "/admin/exchanges?tennant=acme", None, (400, "invalid_parameter")),
    ("GET", "/admin/acts?limit=99999999", None, (400, "invalid_parameter")),
])
async def test_what_cannot_be_done_is_refused_in_one_shape(
    admin: httpx2.AsyncClient, method: str, path: str, body: bytes | None, expected: tuple[int, str]
) -> None:
    headers = {"content-type": "application/json"} if body else {}
    assert code(await admin.request(method, path, content=body, headers=headers)) == expected


async def test_a_wrong_method_is_told_which_ones_are_right(admin: httpx2.AsyncClient) -> None:
    response = await admin.delete("/admin/revisions")
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}


async def test_while_the_database_is_away_reads_and_changes_are_refused_and_metrics_go_on(
    control: Control, admin: httpx2.AsyncClient, tmp_path: Path
) -> None:
    for lane in (control.database._writing, control.database._reading):
        lane._give_up(OSError("gone"))
    (tmp_path / "gatewright.db").write_bytes(b"this is no database, whatever its name may say of it" * 20)
    for suffix in ("-wal", "-shm"):
        (tmp_path / f"gatewright.db{suffix}").unlink(missing_ok=True)
    assert code(await admin.get("/admin/exchanges")) == (503, "database_unavailable")
    assert code(await admin.post("/admin/revisions", json={"routing": routing(80), "reason": "r"})) == (
        503, "database_unavailable")
    journal = Journal(tmp_path / "state" / "journal", "w0")
    journal.append(record("a"))
    journal.close()
    control.following.step()
    assert (await admin.get("/metrics")).text.count("\ngatewright_requests_total{") == 1
    assert (await admin.get("/")).status_code == 200
    assert control.keeper.number == 1


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8001", "127.0.0.1.evil.example", "", "[::2]:8001",
                                  "10.0.0.1", "localhost.evil"])
@pytest.mark.parametrize("path", ["/", "/admin/revisions", "/metrics"])
async def test_without_a_key_a_page_that_points_its_name_here_gets_nothing(
    admin: httpx2.AsyncClient, host: str, path: str
) -> None:
    assert code(await admin.get(path, headers={"host": host})) == (403, "host_not_allowed")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8001", "127.0.0.1", "127.1.2.3:8001", "[::1]:8001"])
async def test_without_a_key_loopback_names_are_answered(admin: httpx2.AsyncClient, host: str) -> None:
    assert (await admin.get("/admin/revisions", headers={"host": host})).status_code == 200


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_a_form_of_another_page_changes_nothing(admin: httpx2.AsyncClient, kind: str | None) -> None:
    headers = {"content-type": kind} if kind else {}
    response = await admin.post("/admin/revisions", content=b'{"routing": {}, "reason": "r"}', headers=headers)
    assert code(response) == (415, "unsupported_media_type")


@pytest.fixture
async def locked(tmp_path: Path, log: Log) -> AsyncIterator[httpx2.AsyncClient]:
    control = Control(settings_in(tmp_path), KEY, log)
    await control.open()
    async with client_of(control, "http://gateway.internal:8001") as client:
        yield client
    control.database.close()


async def test_with_a_key_all_but_health_and_metrics_takes_it(locked: httpx2.AsyncClient) -> None:
    for path in ("/", "/admin/revisions", "/admin/exchanges", "/admin/workers", "/admin/config", "/nowhere"):
        assert code(await locked.get(path)) == (401, "invalid_admin_key")
        response = await locked.get(path, headers={"authorization": f"Bearer {KEY}"})
        assert response.status_code in (200, 404)
    for path in ("/health", "/metrics"):
        assert (await locked.get(path)).status_code == 200
    assert (await locked.get("/ready")).status_code == 503


@pytest.mark.parametrize("given", ["", KEY, f"Bearer {KEY}x", "Bearer ", "Bearer", f"Basic {KEY}", f"bearer {KEY[1:]}",
                                   "Bearer \xe9"])
async def test_anything_but_the_key_is_refused(locked: httpx2.AsyncClient, given: str) -> None:
    headers = {"authorization": given.encode("latin-1")}
    response = await locked.get("/admin/revisions", headers=headers)  # type: ignore[arg-type]
    assert code(response) == (401, "invalid_admin_key")
    assert KEY not in response.text


async def test_a_browser_may_show_the_key_as_a_password_for_the_page_and_for_nothing_else(
    locked: httpx2.AsyncClient
) -> None:
    asked = await locked.get("/")
    assert asked.headers["www-authenticate"].startswith("Basic ")
    assert (await locked.get("/", auth=("anyone", KEY))).status_code == 200
    assert (await locked.get("/", auth=("anyone", "wrong"))).status_code == 401
    assert (await locked.get("/admin/revisions", auth=("anyone", KEY))).status_code == 401
    posted = await locked.post("/admin/revisions", auth=("anyone", KEY), json={"routing": routing(1), "reason": "r"})
    assert posted.status_code == 401


@both
async def test_the_page_shows_models_workers_and_exchanges(
    admin: httpx2.AsyncClient, control: Control, tmp_path: Path
) -> None:
    await traffic(control, tmp_path, "aaaaaaaa1")
    hear(control)
    page = await admin.get("/")
    for shown in ("assistant", "90.0%", "smol-2", "http://127.0.0.1:9101", "w0", "aaaaaaaa1", "revision 1"):
        assert shown in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert not any(word in page.text for word in ("<script", "src=", "href=", "http-equiv=\"refresh\" content=\"0"))


async def test_the_page_escapes_what_others_wrote(admin: httpx2.AsyncClient, control: Control, tmp_path: Path) -> None:
    hear(control, worker="<script>alert(1)</script>")
    strange = record("<img src=x>")
    strange.outcome, strange.code = "failed", '"><b>'
    journal = Journal(tmp_path / "state" / "journal", "w0")
    journal.append(strange)
    journal.close()
    await control.drain.step()
    text = (await admin.get("/")).text
    assert "<script>" not in text
    assert "<img" not in text
    assert "<b>" not in text
