"""Backups of a gateway that serves, as an operator makes, proves, drills and restores them."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from click.testing import CliRunner

from operations.cli.program import main
from tests.e2e.asking import ask, request
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess, routing_to

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(fake: FakeVLLM, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayProcess]:
    folder = tmp_path_factory.mktemp("backed-up")
    async with GatewayProcess(folder, routing_to(fake.url), backups={"to": "backups", "every": "1d"}) as gateway:
        for number in range(20):
            assert (await ask(gateway.port, request(name=f"asked-{number}"))).status == 200
        await gateway.until(lambda: len(gateway.ledger()) == 20, "the ledger")
        yield gateway


class Said:
    """What a command printed, and its status."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


async def said(gateway: GatewayProcess, *arguments: str, **environment: str) -> Said:
    """Runs the command: a drill as a user does, in a process of its own; what starts none, without that cost."""
    if arguments[:2] != ("drill", "restore"):
        runner = CliRunner(env={"GATEWRIGHT_ADMIN": gateway.admin_url, "GATEWRIGHT_ADMIN_KEY": None, **environment})
        result = await asyncio.to_thread(runner.invoke, main, arguments, catch_exceptions=False)
        return Said(result.exit_code, result.stdout, result.stderr)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "operations.cli", *arguments, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, env={**os.environ, "GATEWRIGHT_ADMIN": gateway.admin_url, **environment})
    out, err = await process.communicate()
    assert process.returncode is not None
    assert b"Traceback" not in err, err.decode()
    return Said(process.returncode, out.decode(), err.decode())


async def made(gateway: GatewayProcess) -> Path:
    answer = await said(gateway, "backup", "create", "--reason", "a test", "--json")
    assert answer.status == 0, answer.err + answer.out
    return Path(answer.json["backup"]["path"])


def config(gateway: GatewayProcess) -> tuple[str, str]:
    return "--config", str(gateway.folder / "gatewright.yaml")


async def test_the_first_backup_is_made_without_being_asked_for(gateway: GatewayProcess) -> None:
    await gateway.until(lambda: list((gateway.folder / "backups").glob("*.gwbackup")), "a backup", 30)

    async def is_told() -> bool:
        return (await gateway.counted("gatewright_backup_missed")).get("") == 0

    await gateway.until(is_told, "the metric")
    assert (await gateway.counted("gatewright_backup_bytes"))[""] > 1000


async def test_a_backup_is_made_listed_shown_and_verified(gateway: GatewayProcess) -> None:
    dry = await said(gateway, "backup", "create", "--reason", "a test", "--dry-run")
    assert "dry run" in dry.out
    file = await made(gateway)
    name = file.name.partition(".")[0]
    listed = await said(gateway, "backup", "list")
    assert listed.out.splitlines()[1].startswith(name)
    assert (await said(gateway, "backup", "list", "--folder", str(file.parent))).out == listed.out
    shown = await said(gateway, "backup", "show", name, "--json")
    assert shown.json["counts"]["exchange"] == 20
    assert (await said(gateway, "backup", "show", name, "--folder", str(file.parent), "--json")).json == shown.json
    good = await said(gateway, "backup", "verify", str(file), *config(gateway))
    assert good.status == 0
    assert "and its chain verifies" in good.out
    assert "No key" in (await said(gateway, "backup", "verify", str(file))).err
    acts = await said(gateway, "act", "list", "--json")
    assert acts.json["acts"][0]["kind"] == "backup.create"


async def test_a_flipped_byte_fails_every_command_loudly(gateway: GatewayProcess, tmp_path: Path) -> None:
    whole = bytearray((await made(gateway)).read_bytes())
    whole[len(whole) // 2] ^= 1
    bad = tmp_path / "bad.gwbackup"
    bad.write_bytes(whole)
    for command in (("backup", "verify", str(bad)), ("drill", "restore", "--backup", str(bad)),
                    ("backup", "restore", str(bad), "--to", f"sqlite:///{tmp_path}/new.db", "--reason", "r")):
        answer = await said(gateway, *command, *config(gateway))
        assert answer.status == 1, command
        assert "chunk" in answer.err.lower(), command
    assert not (tmp_path / "new.db").exists()


async def test_a_backup_is_restored_elsewhere_and_never_under_a_running_gateway(
    gateway: GatewayProcess, tmp_path: Path
) -> None:
    file = str(await made(gateway))
    refused = await said(gateway, "backup", "restore", file, *config(gateway), "--replace", "--reason", "no")
    assert refused.status == 1
    assert "another gatewright serves" in refused.err
    to = f"sqlite:///{tmp_path}/new.db"
    dry = await said(gateway, "backup", "restore", file, *config(gateway), "--to", to, "--reason", "r", "--dry-run")
    assert dry.status == 0
    assert not (tmp_path / "new.db").exists()
    done = await said(gateway, "backup", "restore", file, *config(gateway), "--to", to, "--reason", "r", "--json")
    assert done.json["counts"]["exchange"] == 20
    assert (tmp_path / "new.db").exists()
    again = await said(gateway, "backup", "restore", file, *config(gateway), "--to", to, "--reason", "r")
    assert "--replace" in again.err


async def test_a_drill_passes_is_filed_listed_and_shown(gateway: GatewayProcess) -> None:
    await made(gateway)
    done = await said(gateway, "drill", "restore", *config(gateway), "--reason", "to know", "--json")
    assert done.status == 0, done.out + done.err
    assert done.json["passed"]
    assert Path(done.json["filed"]).exists()
    assert 0 < done.json["recovery_seconds"] < 600
    listed = await said(gateway, "drill", "list", "--json")
    assert listed.json["drills"][0]["name"] == done.json["id"]
    shown = await said(gateway, "drill", "show", done.json["id"])
    assert "signature: good" in shown.out
    assert await gateway.is_ready()
    assert len(gateway.ledger()) == 20, "the probe is in the scratch ledger alone"


async def test_a_gateway_goes_on_from_a_backup_that_took_the_place_of_its_database(gateway: GatewayProcess) -> None:
    """The last: it ends this gateway, restores under it, and starts it again. What had left the journal is lost."""
    file = str(await made(gateway))
    for number in range(5):
        assert (await ask(gateway.port, request(name=f"later-{number}"))).status == 200
    await gateway.until(lambda: len(gateway.ledger()) == 25, "the ledger")
    await gateway.stop()
    done = await said(gateway, "backup", "restore", file, *config(gateway), "--replace", "--reason", "r", "--json")
    assert done.status == 0, done.out + done.err
    assert len(gateway.ledger()) == 20
    assert Path(done.json["kept"]).exists()
    await gateway.start()
    assert (await ask(gateway.port, request(name="new"))).status == 200
    await gateway.until(lambda: len(gateway.ledger()) == 21, "the ledger")
    assert {row["client_request_id"] for row in gateway.ledger()} == {f"asked-{i}" for i in range(20)} | {"new"}
