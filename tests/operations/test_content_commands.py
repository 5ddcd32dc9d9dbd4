"""The commands over what is kept, against a real service: what they print, and what they leave behind."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from gateway.content.item import Body, Item
from gateway.content.segments import FOLDER, ContentSegments
from operations.secrets.master import MasterKey
from tests.operations.running import Running, running, until
from tests.operations.test_cli import invoke

KEY = b"k" * 32
MASTER = MasterKey(KEY, is_given=True)
SAID = "what was said, 4419"
WHY = ("--reason", "a test")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("GATEWRIGHT_MASTER_KEY", base64.b64encode(KEY).decode())
        with running(tmp_path_factory.mktemp("service"), workers=1) as service:
            yield service


def run(service: Running, *words: str, status: int = 0) -> str:
    result = invoke(*words, GATEWRIGHT_ADMIN=service.addresses["admin"])
    assert result.exit_code == status, result.output
    return result.output


def say(service: Running, name: str, user: str) -> None:
    """One exchange of the user's, as a worker seals it; waits until it is stored."""
    subject = MASTER.host_keys().subject_of("shop", user)
    body = msgspec.msgpack.encode(Body(b"s" * 32, b'{"said":"%b"}' % SAID.encode(), b"", "application/json"))
    segments = ContentSegments(service.state / FOLDER, "w9", MASTER.host_keys().sealing, time.monotonic, free_bytes=0)
    assert segments.keep(Item(name, name, time.time(), "shop", subject, "", time.time() + 1e6, body))
    segments.close()
    until(lambda: name in run(service, "content", "list"), "the content")


def test_what_is_kept_is_listed_shown_exported_held_and_erased(service: Running, tmp_path: Path) -> None:
    say(service, "e1", "jo")
    jo = ("--subject", "jo", "--tenant", "shop")
    assert SAID not in run(service, "content", "list", "--tenant", "shop")
    assert SAID in run(service, "content", "show", "e1", *WHY)
    assert msgspec.json.decode(run(service, "content", "show", "e1", *WHY, "--json"))["prompt"] == {"said": SAID}
    out = tmp_path / "jo.jsonl"
    assert "1 content" in run(service, "export", *jo, "--out", str(out), *WHY)
    assert out.stat().st_mode & 0o077 == 0
    assert "is there already" in run(service, "export", *jo, "--out", str(out), *WHY, status=1)
    held = msgspec.json.decode(run(service, "hold", "add", *jo, *WHY, "--json"))["hold"]["id"]
    assert held in run(service, "hold", "list")
    assert held in run(service, "erase", *jo, *WHY, status=1)
    assert "would be released" in run(service, "hold", "release", held, *WHY, "--dry-run")
    run(service, "hold", "release", held, *WHY)
    assert "released_by" in run(service, "hold", "show", held)
    assert "would be destroyed: 1 keys, 1 items" in run(service, "erase", *jo, *WHY, "--dry-run")
    assert "destroyed: 1 keys, 1 items" in run(service, "erase", *jo, *WHY)
    assert "Nothing is kept" in run(service, "content", "show", "e1", *WHY, status=1)


def test_a_report_is_verified_without_asking_anybody(service: Running, tmp_path: Path) -> None:
    say(service, "e2", "ann")
    report = tmp_path / "report.json"
    report.write_text(run(service, "erase", "--subject", "ann", "--tenant", "shop", *WHY, "--json"))
    listed = msgspec.json.decode(run(service, "erasure", "list", "--json"))
    number, key = listed["erasures"][0]["id"], listed["public_key"]
    assert number in run(service, "erasure", "list")
    for file in (report, service.state / "erasures.jsonl"):
        assert f"{number}: signed" in invoke("erasure", "verify", str(file), "--key", key).output
    report.write_text(run(service, "erasure", "show", number))
    assert invoke("erasure", "verify", str(report)).exit_code == 0
    other = base64.b64encode(b"x" * 32).decode()
    assert invoke("erasure", "verify", str(report), "--key", other).exit_code == 1
    report.write_text(report.read_text().replace("a test", "a tost"))
    told = invoke("erasure", "verify", str(report), "--key", key)
    assert told.exit_code == 1
    assert "changed" in told.output


def test_retention_is_told_and_run(service: Running) -> None:
    assert "general" in run(service, "retention", "list")
    assert "400 d" in run(service, "retention", "show")
    assert "would be deleted: 0 content" in run(service, "retention", "run", *WHY, "--dry-run")
    assert "deleted: 0 content" in run(service, "retention", "run", *WHY)


@pytest.mark.parametrize("words", [
    ("erase",), ("erase", "--subject", "a", "--pseudonym", "b"), ("export", "--out", "x"),
    ("hold", "add", "--tenant", "t", "--subject", "a", "--pseudonym", "b")])  # fmt: skip
def test_whose_it_is_has_to_be_clear(words: tuple[str, ...]) -> None:
    assert invoke(*words, *WHY).exit_code == 2
