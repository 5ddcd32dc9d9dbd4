"""The desk: what applications may do with files and batches. All of it waits for a disk: to be called in a thread.

Whatever is asked for is looked for among its tenant's own. What belongs to another is not there.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from gateway.batches.batch import Batch, NotPossible
from gateway.batches.batch_store import BatchStore
from gateway.batches.file_form import FileForm, read_file_form
from gateway.batches.file_store import FileStore, StoredFile
from gateway.batches.line import ENDPOINTS
from gateway.batches.sealing import SealedReader
from gateway.batches.upload import Upload
from gateway.config.settings import Batches
from gateway.refusal import InvalidRequest, NotFound, QuotaReached

PURPOSE = "batch"
SHORTEST_SECONDS, LONGEST_SECONDS = 3600, 30 * 24 * 3600
MOST_METADATA, MOST_NAME, MOST_VALUE = 16, 64, 512
_FIELDS = frozenset({"input_file_id", "endpoint", "completion_window", "metadata", "output_expires_after"})


class Desk:
    """Raises a CallerRefusal for what cannot be done, OSError and Damaged for what the disk does not give."""

    def __init__(self, files: FileStore, batches: BatchStore, settings: Batches,
                 wall: Callable[[], float] = time.time) -> None:
        self._files = files
        self._batches = batches
        self._settings = settings
        self._wall = wall

    # Files

    def keep(self, upload: Upload) -> StoredFile:
        """Makes a file of the form that was sent."""
        reader = upload.reader()
        draft = self._files.draft(upload.tenant)
        try:
            form = read_file_form(upload.content_type, reader.chunks(), draft.write)
            seconds = self._kept_for(form)
            used = self._files.used_bytes(upload.tenant, apart_from=draft.id)
            if used + draft.size > self._settings.tenant_bytes:
                raise QuotaReached(f"The tenant's files would be more than {self._settings.tenant_bytes} bytes.")
            return draft.publish(form.filename, PURPOSE, self._wall() + seconds)
        except BaseException:
            draft.discard()
            raise
        finally:
            reader.close()

    def _kept_for(self, form: FileForm) -> float:
        """For how many seconds the file is kept, if the form is as it has to be."""
        if not form.filename:
            raise InvalidRequest("The form has no file.", code="missing_field", param="file")
        if form.fields.get("purpose") != PURPOSE:
            raise InvalidRequest(f"purpose must be {PURPOSE!r}: there is no other use for files here.",
                                 code="invalid_purpose", param="purpose")
        written = form.fields.get("expires_after[seconds]")
        if written is None:
            return self._settings.keep
        anchor = form.fields.get("expires_after[anchor]")
        seconds = int(written) if written.isascii() and written.isdigit() else 0
        return _expiry({"anchor": anchor, "seconds": seconds}, "expires_after")

    def file(self, tenant: str, file_id: str) -> StoredFile:
        found = self._files.get(tenant, file_id)
        if found is None:
            raise _no_file(file_id, "file_id")
        return found

    def files(self, tenant: str, purpose: str, after: str, most: int, *, ascending: bool) -> list[StoredFile]:
        """The first ``most`` of them."""
        all_of_them = self._files.newest_first(tenant, after=after, ascending=ascending)
        return list(islice((one for one in all_of_them if not purpose or one.purpose == purpose), most))

    def content(self, tenant: str, file_id: str) -> SealedReader:
        self.file(tenant, file_id)
        reader = self._files.open(tenant, file_id)
        if reader is None:
            raise _no_file(file_id, "file_id")
        return reader

    def delete(self, tenant: str, file_id: str) -> None:
        """A batch that was made of it goes on."""
        self.file(tenant, file_id)
        self._files.delete(tenant, file_id)

    # Batches

    def make(self, tenant: str, key: str, asked: Mapping[str, Any]) -> Batch:
        """A batch of what was asked for; its lines are checked when a worker has it."""
        for error in _faults(asked):
            raise error
        found = self._files.get(tenant, asked["input_file_id"])
        if found is None:
            raise _no_file(asked["input_file_id"], "input_file_id")
        if found.purpose != PURPOSE:
            raise InvalidRequest(f"The file's purpose is {found.purpose}, and not {PURPOSE}.", code="invalid_purpose",
                                 param="input_file_id")
        if self._batches.unfinished(tenant) >= self._settings.open:
            raise QuotaReached(f"{self._settings.open} batches have not ended yet.", code="too_many_batches")
        expiry = asked.get("output_expires_after")
        batch = Batch(id=self._batches.new_id(), tenant=tenant, key=key, endpoint=asked["endpoint"],
                      input_file_id=found.id, created_at=self._wall(), metadata=asked.get("metadata"),
                      output_seconds=0.0 if expiry is None else _expiry(expiry, "output_expires_after"))
        if not self._batches.begin(batch, lambda to: self._files.link(tenant, found.id, to)):
            raise _no_file(found.id, "input_file_id")
        return batch

    def batch(self, tenant: str, batch_id: str) -> Batch:
        found = self._batches.get(tenant, batch_id)
        if found is None:
            raise NotFound(f"There is no batch {batch_id[:100]!r}.", code="batch_not_found", param="batch_id")
        return found

    def batches(self, tenant: str, after: str, most: int) -> list[Batch]:
        return list(islice(self._batches.newest_first(tenant, after=after), most))

    def cancel(self, tenant: str, batch_id: str) -> Batch:
        """Whoever runs it learns of it within a second. Asked twice, it is as once."""
        self.batch(tenant, batch_id)
        return cancel(self._batches, tenant, batch_id, self._wall())


def _no_file(file_id: str, param: str) -> NotFound:
    return NotFound(f"There is no file {file_id[:100]!r}.", code="file_not_found", param=param)


def cancel(batches: BatchStore, tenant: str, batch_id: str, now: float) -> Batch:
    """Moves a batch of which it is known that it is there; raises InvalidRequest where it has come too far."""
    folder = batches.place.batch(tenant, batch_id)
    assert folder is not None

    def move(batch: Batch) -> None:
        if batch.state != "cancelling":
            batch.move("cancel", now)

    try:
        changed = batches.change(folder, move)
    except NotPossible:
        raise InvalidRequest("The batch has ended, or is about to.", code="batch_not_cancellable", status=409) from None
    assert changed is not None
    return changed


def _faults(asked: Mapping[str, Any]) -> Iterator[InvalidRequest]:
    for name in ("input_file_id", "endpoint", "completion_window"):
        if name not in asked:
            yield InvalidRequest(f"{name} is missing.", code="missing_field", param=name)
        elif not isinstance(asked[name], str):
            yield InvalidRequest(f"{name} must be text.", code="invalid_type", param=name)
    for name in asked.keys() - _FIELDS:
        yield InvalidRequest(f"There is no field {name[:100]!r}.", code="unknown_field", param=name[:100])
    if asked["endpoint"] not in ENDPOINTS:
        yield InvalidRequest(f"endpoint must be one of {', '.join(ENDPOINTS)}.", code="unsupported_endpoint",
                             param="endpoint")
    if asked["completion_window"] != "24h":
        yield InvalidRequest("completion_window must be '24h'.", code="invalid_value", param="completion_window")
    if not _is_metadata(asked.get("metadata")):
        yield InvalidRequest(
            f"metadata must be up to {MOST_METADATA} texts of up to {MOST_VALUE} characters under names of up to "
            f"{MOST_NAME}.", code="invalid_value", param="metadata")


def _is_metadata(written: object) -> bool:
    return written is None or (isinstance(written, dict) and len(written) <= MOST_METADATA and all(
        isinstance(value, str) and len(name) <= MOST_NAME and len(value) <= MOST_VALUE
        for name, value in written.items()))


def _expiry(written: object, name: str) -> float:
    """Seconds; raises InvalidRequest."""
    seconds = written.get("seconds") if isinstance(written, Mapping) else None
    if not isinstance(written, Mapping) or written.get("anchor") != "created_at" or type(seconds) is not int or not (
            SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS):
        raise InvalidRequest(f"{name} has the anchor created_at and {SHORTEST_SECONDS} to {LONGEST_SECONDS} seconds.",
                             code="invalid_value", param=name)
    return float(seconds)
