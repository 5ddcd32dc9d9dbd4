"""An erasure takes a subject's lines out of its tenant's files, and nobody else's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.batches.erasing import REMEMBERED_SECONDS, Erased, Erasing
from gateway.batches.file_store import StoredFile
from tests.gateway.batches.places import SECRET, Shelf
from tests.gateway.batches.test_run import Host
from tests.gateway.exchanges import KEYS

JO = KEYS.subject_of("shop", "jo")


def asked(custom_id: str, user: str | None) -> dict[str, object]:
    body = {"model": "m"} | ({"user": user} if user else {})
    return {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": body}


def answered(custom_id: str, exchange: str | None) -> dict[str, object]:
    response = {"status_code": 200, "request_id": exchange, "body": {"said": custom_id}} if exchange else None
    return {"id": "x", "custom_id": custom_id, "response": response, "error": None}


def jsonl(*lines: object) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


class Kept:
    """A shelf, and what erases from it."""

    def __init__(self, folder: Path) -> None:
        self.shelf = Shelf(folder)
        self.erased = Erased(self.shelf.place, SECRET)
        self.erasing = Erasing(self.shelf.files, self.erased, KEYS.subject_of, self.shelf.wall)

    def names(self, file: StoredFile) -> list[str]:
        reader = self.shelf.files.open(file.tenant, file.id)
        assert reader is not None
        lines = b"".join(reader.chunks()).splitlines()
        reader.close()
        return [json.loads(line)["custom_id"] for line in lines if line.startswith(b"{\"")]


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


def test_lines_that_ask_for_a_subject_and_those_that_answered_it_go(kept: Kept) -> None:
    inputs = kept.shelf.file(jsonl(asked("1", "jo"), asked("2", "ann"), asked("3", None), asked("4", "jo")) + b"{no\n")
    output = kept.shelf.file(jsonl(answered("1", "e1"), answered("2", "e2"), answered("3", None)),
                             purpose="batch_output")
    theirs = kept.shelf.file(jsonl(asked("1", "jo")), "rival")
    assert kept.erasing.erase("shop", JO, {"e1", "e9"}) == 3
    assert kept.names(inputs) == ["2", "3"]
    assert kept.names(output) == ["2", "3"]
    assert kept.names(theirs) == ["1"], "another tenant's user of that name"
    after = kept.shelf.files.get("shop", inputs.id)
    assert after is not None
    assert (after.created_at, after.expires_at, after.filename) == (
        inputs.created_at, inputs.expires_at, inputs.filename)
    assert after.bytes < inputs.bytes


def test_a_file_without_a_line_of_the_subject_stays_as_it_is(kept: Kept) -> None:
    file = kept.shelf.file(jsonl(asked("1", "ann"), asked("2", None)))
    path = kept.shelf.place.file("shop", file.id, ".data")
    assert path is not None
    before = path.read_bytes()
    assert kept.erasing.erase("shop", JO, set()) == 0
    assert path.read_bytes() == before


def test_one_exchange_alone_takes_its_answer_and_no_line_of_an_input(kept: Kept) -> None:
    inputs = kept.shelf.file(jsonl(asked("1", "jo"), asked("2", None)))
    output = kept.shelf.file(jsonl(answered("1", "e1"), answered("2", "e2")), purpose="batch_output")
    assert kept.erasing.erase("shop", "", {"e2"}) == 1
    assert kept.names(inputs) == ["1", "2"]
    assert kept.names(output) == ["1"]


def test_a_damaged_file_keeps_no_other_from_being_erased(kept: Kept) -> None:
    first, damaged, last = (kept.shelf.file(jsonl(asked("1", "jo"))) for _ in range(3))
    for suffix in (".data", ".note"):
        path = kept.shelf.place.file("shop", damaged.id, suffix)
        assert path is not None
        path.write_bytes(b"x" * 100)
        assert kept.erasing.erase("shop", JO, set()) == (2 if suffix == ".data" else 0)
    assert kept.names(first) == kept.names(last) == []


def test_who_was_erased_is_remembered_longer_than_any_batch_runs_and_no_longer(kept: Kept) -> None:
    kept.erased.note("shop", ["a"], 1000.0)
    kept.erased.note("shop", ["b"], 1000.0 + REMEMBERED_SECONDS - 1)
    assert kept.erased.of("shop").keys() == {"a", "b"}
    kept.erased.note("shop", ["c"], 1000.0 + REMEMBERED_SECONDS + 1)
    assert kept.erased.of("shop").keys() == {"b", "c"}
    assert kept.erased.of("rival") == {}


async def test_a_running_batch_leaves_nothing_of_who_was_erased_meanwhile(tmp_path: Path) -> None:
    host = Host(tmp_path, {})  # its key is gone: it ends with what it has
    lines = [asked("q0", "jo"), asked("q1", "ann"), asked("q2", "jo")]
    batch = host.shelf.batch(jsonl(*lines))
    host.done(batch, 0, 1, subjects={0: JO})
    Erased(host.shelf.place, SECRET).note("shop", [JO], 5.0)  # after the answer, which began at 1
    ended = await host.run(batch)
    assert [line["custom_id"] for line in host.lines_of(ended.output_file_id)] == ["q1"]
    assert ended.error_file_id is None
