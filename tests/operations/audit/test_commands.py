"""The audit's commands: over a real service, and offline over what it left."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import Result

from tests.operations.audit.audited import SIGNER, W0, Audited, exchange_of
from tests.operations.running import Running, running, until
from tests.operations.test_cli import invoke


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("audited")
    with running(folder, workers=1, audit={"to": ["place"]}) as service:
        for _ in range(3):
            assert service.ask()
        until(lambda: len(service.admin("/admin/exchanges").get("exchanges", [])) == 3, "the ledger")
        yield service


def ask(service: Running, *arguments: str) -> Any:
    result = invoke("audit", *arguments, "--admin", service.addresses["admin"], "--json")
    assert result.exit_code == 0, result.output
    return msgspec.json.decode(result.output)


def verify(*arguments: str) -> Result:
    return invoke("audit", "verify", *arguments)


def test_a_service_seals_and_its_ledger_is_verified_beside_it(service: Running, tmp_path: Path) -> None:
    key = invoke("audit", "public-key", "--admin", service.addresses["admin"]).output
    (tmp_path / "key.pub").write_text(key)
    assert ask(service, "seal", "--reason", "try", "--dry-run")["dry_run"] is True
    sealed = ask(service, "seal", "--reason", "a test")
    assert sealed["records"] >= 1
    number = sealed["checkpoint"]["number"]
    assert ask(service, "list")["checkpoints"][0]["number"] == number
    assert ask(service, "checkpoints", "show", str(number))["segments"]
    assert f"{number} " in invoke("audit", "list", "--admin", service.addresses["admin"]).output
    assert "SEGMENT" in invoke("audit", "show", str(number), "--admin", service.addresses["admin"]).output

    told = verify("--database", str(service.folder / "gatewright.db"), "--public-key", str(tmp_path / "key.pub"),
                  "--checkpoints", str(service.folder / "place"))
    assert told.exit_code == 0, told.output
    assert told.output.splitlines()[-1] == "sound"
    assert "4 records in 2 chains" in told.output or "5 records" in told.output
    metrics = service._ask(service.addresses["admin"], "/metrics", bytes.decode)
    assert f"gatewright_audit_checkpoint {float(number)}" in metrics
    assert "gatewright_audit_place_behind" in metrics


def test_one_record_is_proven_with_the_public_key_alone(service: Running, tmp_path: Path) -> None:
    ask(service, "seal", "--reason", "so that all is sealed")
    key = ask(service, "public-key")["public_key"]
    identity = service.admin("/admin/exchanges")["exchanges"][0]["id"]
    proof = tmp_path / "proof.json"
    proof.write_text(invoke("audit", "proof", identity, "--admin", service.addresses["admin"]).output)
    told = invoke("audit", "verify-proof", str(proof), "--public-key", key)
    assert told.output.startswith(f"proven: exchange {identity}")
    proof.write_text(invoke("audit", "consistency", "1", "1", "--admin", service.addresses["admin"]).output)
    assert invoke("audit", "verify-proof", str(proof), "--public-key", key, "--json").exit_code == 0
    told = invoke("audit", "verify-proof", str(proof), "--public-key", "00" * 32)
    assert (told.exit_code, "not signed by the key" in told.output) == (1, True)
    missing = invoke("audit", "proof", "nobody", "--admin", service.addresses["admin"], "--json")
    assert msgspec.json.decode(missing.output)["error"]["code"] == "nothing_to_prove"


@pytest.fixture
async def ended(tmp_path: Path, log: Any) -> Path:
    """A folder with the database of a gateway that ended, and its second place."""
    made = Audited(f"sqlite:///{tmp_path}/gatewright.db", tmp_path / "place", log)
    await made.rounds(2)
    made.close()
    return tmp_path


def arguments(folder: Path, key: str = SIGNER.public.hex()) -> list[str]:
    return ["--database", str(folder / "gatewright.db"), "--public-key", key]


async def test_a_finding_is_status_one_and_says_where(ended: Path) -> None:
    with sqlite3.connect(ended / "gatewright.db") as database:
        database.execute("update exchange set outcome = 'refused' where writer = ? and sequence = 7", (W0,))
    told = verify(*arguments(ended))
    assert told.exit_code == 1
    assert told.output.splitlines()[0] == (
        f"flipped {W0}/7 (id {exchange_of(W0, 7).id}): its fields are not those that were digested, in segment 0")
    assert told.output.splitlines()[-1] == "NOT SOUND: 1 finding"
    as_json = msgspec.json.decode(verify(*arguments(ended), "--json").output)
    assert as_json["ok"] is False
    assert as_json["findings"] == [{
        "kind": "flipped", "what": "its fields are not those that were digested", "where": "segment 0", "writer": W0,
        "sequence": 7, "id": exchange_of(W0, 7).id}]


async def test_text_that_is_none_is_a_finding_too(ended: Path) -> None:
    with sqlite3.connect(ended / "gatewright.db") as database:
        database.execute("update exchange set model = cast(X'ff00' as text) where writer = ? and sequence = 7", (W0,))
    told = verify(*arguments(ended))
    assert (told.exit_code, told.output.startswith(f"flipped {W0}/7")) == (1, True)


async def test_a_copy_that_nobody_may_write_to_is_verified_and_not_changed(ended: Path, tmp_path: Path) -> None:
    copied = tmp_path / "restored"
    copied.mkdir()
    shutil.copy(ended / "gatewright.db", copied)
    before = (copied / "gatewright.db").read_bytes()
    copied.chmod(0o500)
    try:
        told = verify(*arguments(copied), "--checkpoints", str(ended / "place"))
    finally:
        copied.chmod(0o700)
    assert told.exit_code == 0, told.output
    assert (copied / "gatewright.db").read_bytes() == before


async def test_postgresql_is_verified_read_only(postgres_url: str, tmp_path: Path, log: Any) -> None:
    made = Audited(postgres_url, tmp_path / "place", log)
    await made.rounds(1)
    made.close()
    told = verify("--database", postgres_url, "--public-key", SIGNER.public.hex(), "--checkpoints",
                  str(tmp_path / "place"))
    assert (told.exit_code, told.output.splitlines()[-1]) == (0, "sound")


async def test_what_cannot_be_verified_says_why(ended: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.db"
    sqlite3.connect(empty).execute("create table x (y)").connection.close()
    later = tmp_path / "later.db"
    shutil.copy(ended / "gatewright.db", later)
    with sqlite3.connect(later) as database:
        database.execute("alter table exchange add column mood text")
    for given, said in (
        (["--database", str(tmp_path / "none.db")], "there is no file"),
        (["--database", str(empty)], "no database of Gatewright"),
        (["--database", str(later)], "of a later release: table exchange has mood"),
        (["--database", "postgresql://nobody@127.0.0.1:9/x"], "cannot be read"),
        (["--database", "nonsense://x"], "cannot be read"),
        ([*arguments(ended)[:2], "--checkpoints", str(tmp_path / "nowhere")], "checkpoints:"),
    ):
        told = verify("--public-key", SIGNER.public.hex(), *given)
        assert (told.exit_code, said in told.output) == (1, True), told.output
    told = verify(*arguments(ended, key="abc"))
    assert (told.exit_code, "64 hexadecimal digits" in told.output) == (1, True)


async def test_a_column_that_an_older_database_lacks_is_no_finding(ended: Path) -> None:
    """What a later release added was empty when the record was digested."""
    with sqlite3.connect(ended / "gatewright.db") as database:
        database.execute("alter table exchange drop column saved_micros")
    assert verify(*arguments(ended)).exit_code == 0
