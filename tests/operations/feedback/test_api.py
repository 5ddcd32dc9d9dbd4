"""Feedback on the admin port, and by the commands that ask there: from the journal to the table."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
import pytest_asyncio

from gateway.journal import Journal
from gateway.record import Signal
from gateway.telemetry.logs import Log
from operations.control.process import Control
from tests.operations.running import running, until
from tests.operations.scripted_worker import record
from tests.operations.test_admin_api import client_of, code, settings_in
from tests.operations.test_cli import invoke


def said(number: int, value: Any, metric: str = "helpful", **fields: Any) -> Signal:
    return Signal(**{
        "id": f"feedback-{number}", "exchange_id": "019ab3c4a", "at": time.time() + number, "kind": "feedback",
        "name": metric, "tenant": "shop", "value": None if isinstance(value, str) else float(value),
        "body": {"value": value}, **fields})


ENTRIES = [record("019ab3c4a"), said(1, True), said(2, True), said(3, False, body={"value": False, "comment": "no"}),
           said(4, "dull", "tone"), said(5, True, at=1000.0, exchange_id="old")]


def write(folder: Path) -> None:
    journal = Journal(folder / "state" / "journal", "w9")
    for entry in ENTRIES:
        journal.append(entry)
    journal.close()


@pytest_asyncio.fixture
async def admin(tmp_path: Path, log: Log) -> AsyncIterator[httpx2.AsyncClient]:
    control = Control(settings_in(tmp_path), "", log)
    await control.open()
    write(tmp_path)
    control.following.step()
    await control.drain.step()
    async with client_of(control) as client:
        yield client
    control.database.close()


async def test_what_stands_is_listed_and_what_was_said_before_on_demand(admin: httpx2.AsyncClient) -> None:
    async def ids(query: str) -> list[str]:
        rows = (await admin.get(f"/admin/feedback{query}")).json()["feedback"]
        return [row["id"].removeprefix("feedback-") for row in rows]

    assert await ids("") == ["4", "3", "5"]
    assert await ids("?history=true&metric=helpful&exchange=019ab3c4a") == ["3", "2", "1"]
    assert await ids(f"?since={time.time() - 3600}&limit=1") == ["4"]
    assert await ids("?tenant=bank") == []


async def test_one_is_shown_and_one_that_is_not_there_is_told(admin: httpx2.AsyncClient) -> None:
    row = (await admin.get("/admin/feedback/feedback-3")).json()
    assert (row["metric"], row["version"], row["body"]) == ("helpful", "smol-1", {"value": False, "comment": "no"})
    assert code(await admin.get("/admin/feedback/feedback-9")) == (404, "feedback_not_found")


async def test_it_is_summed_up_by_version(admin: httpx2.AsyncClient) -> None:
    assert (await admin.get("/admin/feedback/summary?metric=helpful")).json()["summary"] == [
        {"metric": "helpful", "model": "", "version": "", "count": 1, "numbers": 1, "mean": 1.0},
        {"metric": "helpful", "model": "assistant", "version": "smol-1", "count": 1, "numbers": 1, "mean": 0.0}]


@pytest.mark.parametrize("query", ["since=yesterday", "since=-1", "since=nan", "since=inf", "limit=0"])
async def test_a_parameter_out_of_range_is_refused(admin: httpx2.AsyncClient, query: str) -> None:
    assert code(await admin.get(f"/admin/feedback?{query}")) == (400, "invalid_parameter")


async def test_an_exchange_tells_each_change_once(admin: httpx2.AsyncClient) -> None:
    signals = (await admin.get("/admin/exchanges/019ab3c4a")).json()["signals"]
    assert [one["id"] for one in signals] == ["feedback-1", "feedback-3", "feedback-4"]


def test_the_commands_show_it_as_tables_and_as_json(tmp_path: Path) -> None:
    with running(tmp_path, workers=1) as service:
        write(tmp_path)
        where = {"GATEWRIGHT_ADMIN": service.addresses["admin"]}
        until(lambda: "feedback-4" in invoke("feedback", "list", "--json", **where).output, "the last of it")
        listed = invoke("feedback", "list", "--since", "1h", **where).output.splitlines()
        assert [line.split()[-2:] for line in listed[1:]] == [["tone", "'dull'"], ["false", "no"]]
        assert "feedback-2" in invoke("feedback", "list", "--history", "--json", **where).output
        summed = invoke("feedback", "summary", "--metric", "tone", **where).output.splitlines()
        assert summed[1].split() == ["tone", "assistant", "smol-1", "1", "1", "-"]
        shown = msgspec.json.decode(invoke("feedback", "show", "feedback-3", "--json", **where).output)
        assert shown["body"]["comment"] == "no"
        refused = invoke("feedback", "list", "--since", "yesterday", **where)
        assert (refused.exit_code, "expected one such as 12h or 7d" in refused.output) == (2, True)
