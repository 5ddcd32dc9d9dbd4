"""The commands for batches against a real service, and what an erasure takes of files."""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec
import pytest

from gateway.batches.batch import Batch
from operations.secrets.master import master_key
from tests.gateway.batches.places import Shelf
from tests.operations.running import Running, running, until
from tests.operations.test_cli import invoke

WHY = ("--reason", "a test")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("service"), workers=1) as service:
        yield service


@pytest.fixture
def shelf(service: Running) -> Shelf:
    """The host's own files and batches; no worker here runs them."""
    secret = master_key({}, service.state).host_keys().files
    return Shelf(service.state / "batches", secret)


def run(service: Running, *words: str, status: int = 0) -> str:
    result = invoke(*words, GATEWRIGHT_ADMIN=service.addresses["admin"])
    assert result.exit_code == status, result.output
    return result.output


def test_batches_are_listed_and_shown_and_nothing_of_what_is_in_them(service: Running, shelf: Shelf) -> None:
    mine, other = shelf.batch(b"{secret}", metadata={"who": "secret"}), shelf.batch(tenant="rival")
    text = run(service, "batch", "list")
    assert text.index(other.id) < text.index(mine.id), "the newest first"
    assert other.id not in run(service, "batch", "list", "--tenant", "shop")
    shown = run(service, "batch", "show", mine.id)
    assert "validating" in shown
    assert "secret" not in shown + run(service, "batch", "show", mine.id, "--json")
    for wanted in ("batch_00", other.id.replace("batch_", "file-")):
        assert "There is no batch" in run(service, "batch", "show", wanted, status=1)


def test_one_is_cancelled_with_a_reason_and_as_an_act(service: Running, shelf: Shelf) -> None:
    batch = shelf.batch()
    assert "would cancel" in run(service, "batch", "cancel", batch.id, *WHY, "--dry-run")
    assert state_of(shelf, batch) == "validating"
    assert "cancelling" in run(service, "batch", "cancel", batch.id, *WHY)
    assert state_of(shelf, batch) == "cancelling"
    assert "is cancelling" in run(service, "batch", "cancel", batch.id, *WHY, status=1)
    acts = msgspec.json.decode(run(service, "act", "list", "--json"))["acts"]
    assert [(act["about"], act["reason"]) for act in acts if act["kind"] == "batch.cancel"] == [(batch.id, "a test")]


def state_of(shelf: Shelf, batch: Batch) -> str:
    found = shelf.batches.get(batch.tenant, batch.id)
    assert found is not None
    return found.state


def test_the_metrics_tell_of_what_has_not_ended(service: Running, shelf: Shelf) -> None:
    shelf.batch(b"x" * 1000)
    address = service.addresses["admin"]
    until(lambda: 'gatewright_batches{state="validating"} 0' not in service._ask(address, "/metrics", bytes.decode),
          "a look at the batches")


def test_an_erasure_takes_the_lines_of_a_subject(service: Running, shelf: Shelf) -> None:
    lines = [{"custom_id": user, "body": {"model": "m", "user": user}} for user in ("jo", "ann")]
    file = shelf.file(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    jo = ("--subject", "jo", "--tenant", "shop")
    answer = msgspec.json.decode(run(service, "erase", *jo, *WHY, "--json"))
    assert answer["report"]["destroyed"]["elsewhere"] == {"cache": 0, "lines of files": 1}
    reader = shelf.files.open("shop", file.id)
    assert reader is not None
    assert [json.loads(line)["custom_id"] for line in b"".join(reader.chunks()).splitlines()] == ["ann"]
    reader.close()
