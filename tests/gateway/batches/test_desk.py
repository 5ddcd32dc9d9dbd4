"""What applications may do with files and batches, within their quotas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.batches.desk import Desk
from gateway.batches.upload import Uploads
from gateway.config.settings import Batches
from gateway.refusal import CallerRefusal, InvalidRequest, NotFound, QuotaReached
from tests.gateway.batches.places import Shelf
from tests.gateway.batches.test_file_form import TYPE, part

ASKED = {"endpoint": "/v1/embeddings", "completion_window": "24h"}


class Counter:
    """A desk over a shelf, and the files that are sent there."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.shelf = Shelf(folder / "shelf")
        self.settings = Batches(**settings)
        self.desk = Desk(self.shelf.files, self.shelf.batches, self.settings, self.shelf.wall)
        self._uploads = Uploads(folder / "up", self.settings, None)

    def send(self, content: bytes = b"{}", **fields: str) -> Any:
        upload = self._uploads.begin([(b"content-type", TYPE.encode())])
        upload.tenant = "shop"
        file = part('name="file"; filename="in.jsonl"', content)
        upload.write(file + b"".join(part(f'name="{name}"', value.encode()) for name, value in (
            {"purpose": "batch"} | fields).items()) + b"--xyz--\r\n")
        try:
            return self.desk.keep(upload)
        finally:
            upload.close()


def refused(code: str, kind: type[CallerRefusal] = InvalidRequest) -> Any:
    return pytest.raises(kind, check=lambda refusal: refusal.code == code)


def test_a_file_is_kept_as_long_as_it_asks_or_as_the_settings_say(tmp_path: Path) -> None:
    counter = Counter(tmp_path)
    stored = counter.send(b"content")
    assert (stored.filename, stored.bytes, stored.purpose) == ("in.jsonl", 7, "batch")
    assert round(stored.expires_at - stored.created_at) == counter.settings.keep
    asked = counter.send(**{"expires_after[anchor]": "created_at", "expires_after[seconds]": "7200"})
    assert round(asked.expires_at - asked.created_at) == 7200


@pytest.mark.parametrize(("fields", "code"), [
    ({"purpose": "vision"}, "invalid_purpose"), ({"purpose": ""}, "invalid_purpose"),
    ({"expires_after[seconds]": "7200"}, "invalid_value"),
    ({"expires_after[anchor]": "created_at", "expires_after[seconds]": "60"}, "invalid_value"),
    ({"expires_after[anchor]": "created_at", "expires_after[seconds]": "2592001"}, "invalid_value"),
    ({"expires_after[anchor]": "created_at", "expires_after[seconds]": "x"}, "invalid_value"),
])  # fmt: skip
def test_a_form_that_is_not_as_it_has_to_be_leaves_nothing(tmp_path: Path, fields: dict[str, str], code: str) -> None:
    counter = Counter(tmp_path)
    with refused(code):
        counter.send(**fields)
    assert counter.shelf.files.used_bytes("shop") == 0


def test_a_tenant_has_so_many_bytes_and_deleting_gives_them_back(tmp_path: Path) -> None:
    counter = Counter(tmp_path, tenant_bytes=10_000)
    first = counter.send(b"x" * 6000)
    with refused("file_quota_reached", QuotaReached):
        counter.send(b"x" * 6000)
    counter.desk.delete("shop", first.id)
    counter.send(b"x" * 6000)


def test_a_tenant_has_so_many_batches_that_have_not_ended(tmp_path: Path) -> None:
    counter = Counter(tmp_path, open=2)
    sent = counter.send()
    batches = [counter.desk.make("shop", "k", {**ASKED, "input_file_id": sent.id}) for _ in range(2)]
    with refused("too_many_batches", QuotaReached):
        counter.desk.make("shop", "k", {**ASKED, "input_file_id": sent.id})
    counter.shelf.batches.end(counter.shelf.folder_of(batches[0]))
    counter.desk.make("shop", "k", {**ASKED, "input_file_id": sent.id})


@pytest.mark.parametrize(("change", "code"), [
    ({"endpoint": None}, "invalid_type"), ({"endpoint": "/v1/videos"}, "unsupported_endpoint"),
    ({"completion_window": "1h"}, "invalid_value"), ({"model": "m"}, "unknown_field"),
    ({"metadata": []}, "invalid_value"), ({"metadata": {"a": 1}}, "invalid_value"),
    ({"metadata": {str(number): "" for number in range(17)}}, "invalid_value"),
    ({"metadata": {"x" * 65: ""}}, "invalid_value"), ({"metadata": {"x": "y" * 513}}, "invalid_value"),
    ({"output_expires_after": {"anchor": "now", "seconds": 7200}}, "invalid_value"),
    ({"output_expires_after": {"anchor": "created_at", "seconds": True}}, "invalid_value"),
    ({"output_expires_after": 7200}, "invalid_value"),
])  # fmt: skip
def test_a_batch_that_cannot_be_is_not_made(tmp_path: Path, change: dict[str, Any], code: str) -> None:
    counter = Counter(tmp_path)
    sent = counter.send()
    with refused(code):
        counter.desk.make("shop", "k", {**ASKED, "input_file_id": sent.id, **change})
    with refused("missing_field"):
        counter.desk.make("shop", "k", ASKED)
    assert counter.shelf.place.queued() == []


def test_a_batch_is_made_of_ones_own_input_alone(tmp_path: Path) -> None:
    counter = Counter(tmp_path)
    sent, output = counter.send(), counter.shelf.file(purpose="batch_output")
    with refused("file_not_found", NotFound):
        counter.desk.make("rival", "k", {**ASKED, "input_file_id": sent.id})
    with refused("invalid_purpose"):
        counter.desk.make("shop", "k", {**ASKED, "input_file_id": output.id})


def test_cancelling_twice_is_as_once_and_what_has_ended_cannot_be(tmp_path: Path) -> None:
    counter = Counter(tmp_path)
    batch = counter.desk.make("shop", "k", {**ASKED, "input_file_id": counter.send().id})
    with refused("batch_not_found", NotFound):
        counter.desk.cancel("rival", batch.id)
    first = counter.desk.cancel("shop", batch.id)
    assert first.state == "cancelling"
    assert counter.desk.cancel("shop", batch.id) == first
    counter.shelf.batches.change(counter.shelf.folder_of(batch), lambda one: one.move("written", 1.0))
    with refused("batch_not_cancellable"):
        counter.desk.cancel("shop", batch.id)


def test_pages_are_no_longer_than_was_asked(tmp_path: Path) -> None:
    counter = Counter(tmp_path)
    files = [counter.send().id for _ in range(3)]
    counter.shelf.file(purpose="batch_output")
    assert [one.id for one in counter.desk.files("shop", "batch", "", 2, ascending=False)] == [files[2], files[1]]
    batches = [counter.desk.make("shop", "k", {**ASKED, "input_file_id": files[0]}).id for _ in range(3)]
    assert [one.id for one in counter.desk.batches("shop", "", 2)] == [batches[2], batches[1]]
    assert [one.id for one in counter.desk.batches("shop", batches[1], 2)] == [batches[0]]
