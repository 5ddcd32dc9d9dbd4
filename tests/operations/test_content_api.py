"""What is kept, by the admin API: to look, to erase, to hold and to export are acts, each with its reason."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from click.testing import CliRunner

from gateway.content.item import Body, Item
from gateway.content.segments import FOLDER, ContentSegments
from gateway.telemetry.logs import Log
from operations.cli.program import main
from operations.control.process import Control
from operations.exports.reading import Incomplete, counts_in
from operations.secrets.master import MasterKey
from tests.operations.routings import routing
from tests.operations.scripted_worker import record
from tests.operations.test_admin_api import client_of, code, settings_in

MASTER = MasterKey(b"k" * 32, is_given=True)
JO = MASTER.host_keys().subject_of("shop", "jo")
WHY = {"reason": "a test", "actor": "ann"}
SAID = "what jo said, 8873"


@pytest.fixture
async def control(tmp_path: Path, log: Log) -> AsyncIterator[Control]:
    control = Control(settings_in(tmp_path), "", log, MASTER)
    await control.open()
    await control.erasures.open()
    yield control
    control.database.close()


@pytest.fixture
async def admin(control: Control) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(control) as client:
        yield client


async def say(control: Control, folder: Path, name: str, subject: str = JO, days: float = 0) -> None:
    """One exchange of the subject's, so many days ago, in the ledger and kept."""
    told = record(name)
    told.tenant, told.subject, told.started_at = "shop", subject, time.time() - days * 86_400
    body = msgspec.msgpack.encode(Body(b"s" * 32, b'{"said":"%b"}' % SAID.encode(), b"", "application/json"))
    segments = ContentSegments(folder / "state" / FOLDER, "w0", MASTER.host_keys().sealing, lambda: 0.0, free_bytes=0)
    assert segments.keep(Item(name, name, told.started_at, "shop", subject, "", told.started_at + 1e9, body))
    segments.close()
    await control.content.finish()
    from operations.ledger import store
    await control.database.run(lambda c: store.append(c, [told]))


async def kinds(admin: httpx2.AsyncClient) -> list[str]:
    return [act["kind"] for act in (await admin.get("/admin/acts")).json()["acts"]]


async def test_looking_is_an_act_and_listing_tells_nothing_of_what_was_said(
    admin: httpx2.AsyncClient, control: Control, tmp_path: Path
) -> None:
    await say(control, tmp_path, "e1")
    listed = await admin.get("/admin/content?tenant=shop")
    assert [row["id"] for row in listed.json()["content"]] == ["e1"]
    assert SAID not in listed.text
    assert (await admin.get("/admin/content?tenant=other")).json()["content"] == []
    opened = (await admin.post("/admin/content/e1", json=WHY)).json()
    assert (opened["prompt"], opened["reply"]) == ({"said": SAID}, None)
    assert not opened["as_recorded"], "this record was made without it"
    (act, *_) = (await admin.get("/admin/acts")).json()["acts"]
    assert (act["kind"], act["actor"], act["reason"], act["about"]) == ("content.open", "ann", "a test", "e1")
    assert SAID not in (await admin.get("/admin/acts")).text
    assert code(await admin.post("/admin/content/e2", json=WHY)) == (404, "content_not_kept")
    assert code(await admin.post("/admin/content/e1", json={})) == (400, "invalid_body")


async def test_a_subject_is_erased_by_the_applications_own_id(
    admin: httpx2.AsyncClient, control: Control, tmp_path: Path
) -> None:
    await say(control, tmp_path, "e1")
    whose = {"tenant": "shop", "user": "jo", **WHY}
    dry = await admin.post("/admin/erasures", json={**whose, "dry_run": True})
    assert (dry.status_code, dry.json()["signed"]) == (200, None)
    done = await admin.post("/admin/erasures", json=whose)
    assert (done.status_code, done.json()["report"]["destroyed"]["contents"]) == (201, ["e1"])
    assert '"jo"' not in done.text, "the report has the pseudonym alone"
    number = done.json()["report"]["id"]
    shown = (await admin.get(f"/admin/erasures/{number}")).json()
    assert shown["signed"] == done.json()["signed"]
    assert shown["public_key"] == shown["signed"]["public_key"]
    assert [row["id"] for row in (await admin.get("/admin/erasures")).json()["erasures"]] == [number]
    assert code(await admin.get("/admin/erasures/none")) == (404, "erasure_not_found")
    assert code(await admin.post("/admin/content/e1", json=WHY)) == (404, "content_not_kept")


@pytest.mark.parametrize("whose", [{}, {"user": "jo", "subject": JO}, {"user": ""}, {"usr": "jo"}])
async def test_whose_it_is_has_to_be_clear(admin: httpx2.AsyncClient, whose: dict[str, str]) -> None:
    assert code(await admin.post("/admin/erasures", json={"tenant": "shop", **WHY, **whose})) == (400, "invalid_body")


async def test_one_exchange_is_erased_by_its_whole_id(
    admin: httpx2.AsyncClient, control: Control, tmp_path: Path
) -> None:
    await say(control, tmp_path, "e1")
    await say(control, tmp_path, "e2", "")
    for name in ("e1", "e2"):
        done = (await admin.post("/admin/erasures", json={"exchange": name, **WHY})).json()
        assert done["report"]["destroyed"]["contents"] == [name]
    assert code(await admin.post("/admin/erasures", json={"exchange": "e", **WHY})) == (404, "exchange_not_found")


async def test_a_hold_is_placed_seen_and_released_and_refuses_meanwhile(
    admin: httpx2.AsyncClient, control: Control, tmp_path: Path
) -> None:
    await say(control, tmp_path, "e1")
    dry = await admin.post("/admin/holds", json={"tenant": "shop", "dry_run": True, **WHY})
    assert (dry.status_code, (await admin.get("/admin/holds")).json()["holds"]) == (200, [])
    hold = (await admin.post("/admin/holds", json={"tenant": "shop", "user": "jo", **WHY})).json()["hold"]
    assert hold["subject"] == JO
    refused = await admin.post("/admin/erasures", json={"tenant": "shop", "user": "jo", **WHY})
    assert code(refused) == (409, "under_legal_hold")
    assert refused.json()["error"]["hold"] == hold["id"]
    path = f"/admin/holds/{hold['id']}"
    assert (await admin.post(f"{path}/release", json={**WHY, "dry_run": True})).json()["hold"]["released_at"] is None
    released = (await admin.post(f"{path}/release", json=WHY)).json()["hold"]
    assert (released["released_by"], released["release_reason"]) == ("ann", "a test")
    assert code(await admin.post(f"{path}/release", json=WHY)) == (409, "hold_released")
    assert code(await admin.get("/admin/holds/none")) == (404, "hold_not_found")
    assert (await admin.get(path)).json() == released
    assert len((await admin.get("/admin/holds?released=true")).json()["holds"]) == 1
    assert (await kinds(admin))[:2] == ["hold.release", "hold.add"]
    assert (await admin.post("/admin/erasures", json={"tenant": "shop", "user": "jo", **WHY})).status_code == 201


async def test_retention_is_shown_and_run(admin: httpx2.AsyncClient, control: Control, tmp_path: Path) -> None:
    await say(control, tmp_path, "e1", days=31)
    await control.auditor.seal()
    told = (await admin.get("/admin/retention")).json()
    assert told["periods"]["content"] == 30 * 86_400
    assert told["due"]["content"] == 1
    dry = (await admin.post("/admin/retention/run", json={**WHY, "dry_run": True})).json()
    assert dry == {"dry_run": True, "due": told["due"]}
    assert (await admin.post("/admin/retention/run", json=WHY)).json()["deleted"] == told["due"]
    assert 'gatewright_retention_deleted_total{kind="content"} 1.0' in (await admin.get("/metrics")).text


async def test_an_export_is_whole_or_says_that_it_is_not(
    admin: httpx2.AsyncClient, control: Control, tmp_path: Path
) -> None:
    await say(control, tmp_path, "e1")
    await say(control, tmp_path, "hers", "f" * 32)
    reply = await admin.post("/admin/exports", json={"tenant": "shop", "user": "jo", **WHY})
    file = tmp_path / "jo.jsonl"
    file.write_bytes(reply.content)
    assert counts_in(file) == {"subject": 1, "exchange": 1, "content": 1}
    assert "hers" not in reply.text
    assert SAID in reply.text
    assert (await kinds(admin))[0] == "subject.export"
    file.write_bytes(reply.content.replace(b"8873", b"8874"))
    with pytest.raises(Incomplete, match="not those"):
        counts_in(file)
    file.write_bytes(reply.content.rpartition(b'{"kind":"end"')[0])
    with pytest.raises(Incomplete, match="missing"):
        counts_in(file)
    assert code(await admin.post("/admin/exports", json={"exchange": "e1", **WHY})) == (400, "invalid_body")


async def test_content_of_another_master_key_is_refused_by_name(
    admin: httpx2.AsyncClient, control: Control, tmp_path: Path, log: Log
) -> None:
    await say(control, tmp_path, "e1")
    other = Control(settings_in(tmp_path), "", log, MasterKey(b"o" * 32, is_given=True))
    await other.open()
    async with client_of(other) as client:
        refused = await client.post("/admin/content/e1", json=WHY)
    assert code(refused) == (409, "wrong_master_key")
    assert control.vault.id in refused.json()["error"]["message"]
    other.database.close()


# Without a master key

KEEPS: dict[str, Any] = {"for": "1d"}


async def test_without_a_given_key_a_document_that_keeps_content_is_refused(tmp_path: Path, log: Log) -> None:
    control = Control(settings_in(tmp_path), "", log)
    await control.open()
    async with client_of(control) as client:
        document = routing(90)
        document["models"]["assistant"]["content"] = KEEPS
        refused = await client.post("/admin/revisions", json={"routing": document, "reason": "r"})
        assert code(refused) == (422, "invalid_routing")
        (problem,) = refused.json()["error"]["problems"]
        assert problem["path"] == "models.assistant.content"
        assert "GATEWRIGHT_MASTER_KEY" in problem["expected"]
        document["models"]["assistant"] |= {"content": None, "retention": "clincal"}
        refused = await client.post("/admin/revisions", json={"routing": document, "reason": "r"})
        assert "retention.classes" in refused.json()["error"]["problems"][0]["expected"]
    control.database.close()


async def test_a_host_that_lost_its_key_serves_on_and_says_that_nothing_is_kept(
    control: Control, admin: httpx2.AsyncClient, tmp_path: Path, log: Log
) -> None:
    document = routing(90)
    document["models"]["assistant"]["content"] = KEEPS
    assert (await admin.post("/admin/revisions", json={"routing": document, "reason": "r"})).status_code == 201
    without = Control(settings_in(tmp_path), "", log)
    assert await without.open() == 2
    assert any("models.assistant.content" in told and "not done" in told for told in without.keeper.warnings())
    without.database.close()


def test_check_names_what_this_host_cannot_do(tmp_path: Path) -> None:
    document = routing(90)
    document["models"]["assistant"] |= {"content": KEEPS, "retention": "clincal"}
    (tmp_path / "routing.yaml").write_bytes(msgspec.json.encode(document))
    settings = {"routing": "routing.yaml", "auth": "none", "retention": {
        "exchanges": "90d", "classes": {"clinical": {"exchanges": "400d"}}}}
    (tmp_path / "gatewright.yaml").write_bytes(msgspec.json.encode(settings))

    def checked(**environment: str) -> Any:
        result = CliRunner(env={"GATEWRIGHT_MASTER_KEY": None, **environment}).invoke(
            main, ["check", "--config", str(tmp_path / "gatewright.yaml"), "--json"], catch_exceptions=False)
        return msgspec.json.decode(result.output)

    assert [problem["path"] for problem in checked()["problems"]] == [
        "models.assistant.content", "models.assistant.retention"]
    (problem,) = checked(GATEWRIGHT_MASTER_KEY="a")["problems"]
    assert problem["nearest"] == "clinical"
    document["models"]["assistant"]["retention"] = "clinical"
    (tmp_path / "routing.yaml").write_bytes(msgspec.json.encode(document))
    (warning,) = checked(GATEWRIGHT_MASTER_KEY="a")["warnings"]
    assert warning.startswith("retention.exchanges: 90 days")
