"""The admin API's routes for backups and drills, and the notes of /ready, over a real database and a real folder."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import httpx2
import msgspec
import pytest

from gateway.config.settings import Backups
from gateway.config.written import Duration
from gateway.telemetry.logs import Log
from operations.audit import store as acts
from operations.control.process import Control
from operations.drills import evidence
from operations.drills.report import Report, details_of, signed
from operations.secrets.master import MasterKey
from operations.secrets.signing import Signer
from tests.operations.backups.manifests import KEY
from tests.operations.test_admin_api import client_of, code, settings_in


@pytest.fixture
async def control(tmp_path: Path, log: Log) -> AsyncIterator[Control]:
    backups = Backups(to=str(tmp_path / "backups"), drill_every=Duration(60))
    control = Control(msgspec.structs.replace(settings_in(tmp_path), backups=backups), "", log, MasterKey(KEY, True))
    await control.open()
    yield control
    control.database.close()


@pytest.fixture
async def admin(control: Control) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(control) as client:
        yield client


async def test_a_backup_is_made_listed_and_shown(admin: httpx2.AsyncClient) -> None:
    assert (await admin.get("/admin/backups")).json()["backups"] == []
    made = await admin.post("/admin/backups", json={"reason": "r", "actor": "jo", "wait_seconds": 60})
    assert made.status_code == 201
    told = made.json()["backup"]
    listed = (await admin.get("/admin/backups")).json()
    assert (listed["backups"], listed["missed"], listed["running_since"]) == ([told], False, None)
    assert (await admin.get(f"/admin/backups/{told['name']}")).json() == told
    assert "salt" not in told
    (act,) = [one for one in (await admin.get("/admin/acts")).json()["acts"] if one["kind"] == "backup.create"]
    assert (act["actor"], act["reason"], act["about"]) == ("jo", "r", told["name"])


async def test_who_does_not_wait_is_answered_while_it_is_made_and_nobody_makes_a_second(
    control: Control, admin: httpx2.AsyncClient
) -> None:
    begun = await admin.post("/admin/backups", json={"reason": "r"})
    assert begun.status_code == 202
    assert begun.json()["running_since"] is not None
    assert code(await admin.post("/admin/backups", json={"reason": "r", "wait_seconds": 5})) == (409, "backup_running")
    while (await admin.get("/admin/backups")).json()["running_since"] is not None:
        await asyncio.sleep(0.01)
    assert len((await admin.get("/admin/backups")).json()["backups"]) == 1


async def test_a_dry_run_makes_none(admin: httpx2.AsyncClient, tmp_path: Path) -> None:
    answer = await admin.post("/admin/backups", json={"reason": "r", "dry_run": True})
    assert (answer.json()["dry_run"], answer.json()["key_is_given"]) == (True, True)
    assert not (tmp_path / "backups").exists()


async def test_a_failure_is_told(admin: httpx2.AsyncClient, tmp_path: Path) -> None:
    (tmp_path / "backups").write_text("no folder")
    assert code(await admin.post("/admin/backups", json={"reason": "r", "wait_seconds": 60})) == (503, "backup_failed")
    assert code(await admin.get("/admin/backups")) == (503, "backups_unreadable")
    assert (await admin.get("/ready")).json()["notes"][0].startswith("backups: none is as young as it should be.")


async def test_what_is_not_there_is_not_found(admin: httpx2.AsyncClient) -> None:
    assert code(await admin.get("/admin/backups/gatewright-x")) == (404, "backup_not_found")
    assert code(await admin.get("/admin/drills/drill-x")) == (404, "drill_not_found")
    assert code(await admin.post("/admin/backups", json={"reason": ""})) == (400, "invalid_body")


async def test_without_settings_none_are_made(tmp_path: Path, log: Log) -> None:
    control = Control(settings_in(tmp_path), "", log)
    async with client_of(control) as admin:
        assert code(await admin.get("/admin/backups")) == (409, "backups_not_configured")
        assert "\ngatewright_backup_missed " not in (await admin.get("/metrics")).text
    control.database.close()


async def test_a_drill_is_listed_shown_and_a_forged_one_is_told(control: Control, admin: httpx2.AsyncClient) -> None:
    report = Report(id="drill-1", at=5.0, host="h", release="0", backup="b", backup_age_seconds=1.0, counts={},
                    revision=1, passed=False, problem="a byte", failed_step="open")
    true = signed(report, Signer(bytes(32)))
    forged = msgspec.structs.replace(true, report=true.report.replace("false", "true"))
    for name, told in (("drill-1", true), ("drill-2", forged)):
        act = evidence.act_of(msgspec.structs.replace(report, id=name), told, "jo", "r")
        await control.database.run(partial(acts.append, act=act))
    listed = (await admin.get("/admin/drills")).json()["drills"]
    assert [(one["name"], one["passed"], one["failed_step"]) for one in listed] == [
        ("drill-2", False, "open"), ("drill-1", False, "open")]
    good, bad = [(await admin.get(f"/admin/drills/{name}")).json() for name in ("drill-1", "drill-2")]
    assert (good["signature_problem"], good["report"]["problem"]) == ("", "a byte")
    assert (bad["report"], "signature" in bad["signature_problem"]) == (None, True)
    assert details_of(report, true)["backup"] == "b"
    assert control.drills is not None
    await control.drills.look()
    notes = (await admin.get("/ready")).json()["notes"]
    assert "drills: the newest restore drill failed: see gatewright drill list" in notes
