"""The files that a batch leaves: answers in one, what could not be answered in the other, each in the input's order."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import msgspec

from gateway.batches.file_store import Draft, FileStore
from gateway.batches.line import read_line
from gateway.batches.pace import gently
from gateway.batches.results import Result, Results
from gateway.batches.scanning import Input
from gateway.batches.sealing import SealedReader

_encode = msgspec.json.Encoder().encode
PURPOSE = "batch_output"
Gone = Callable[[Result | None, bytes], bool]  # of a line's result, or of the line where it has none

# Why a line has no result, by how its batch ended.
UNANSWERED = {
    "window_over": ("batch_expired", "This request could not be executed before the completion window expired."),
    "cancel": ("batch_cancelled", "This request was not executed: the batch was cancelled."),
    "key_removed": ("key_removed", "This request was not executed: the key that the batch was made with is gone."),
}


def line_of(result: Result) -> bytes:
    """One line of output, in OpenAI's form."""
    response = {"status_code": result.status, "request_id": result.request_id, "body": _raw(result.body)}
    return _encode({"id": f"batch_req_{result.request_id}", "custom_id": result.custom_id, "response": response,
                    "error": None}) + b"\n"


def _raw(body: bytes) -> object:
    try:
        document = msgspec.json.decode(body)
        return document if b"\n" in body else msgspec.Raw(body)  # as it came, where it is one line
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return body.decode("utf-8", "replace")


def _unanswered(batch_id: str, line: int, custom_id: str, why: str) -> bytes:
    code, message = UNANSWERED[why]
    return _encode({"id": f"batch_req_{batch_id.removeprefix('batch_')}_{line + 1}", "custom_id": custom_id,
                    "response": None, "error": {"code": code, "message": message}}) + b"\n"


def write_outputs(store: FileStore, tenant: str, batch_id: str, planned: tuple[str, str], found: Input,
                  reader: SealedReader, results: Results, why: str, expires_at: float,
                  gone: Gone) -> tuple[str | None, str | None]:
    """Writes both files, and returns the ids of those that hold something. Whatever was begun of them before is
    replaced; done twice, it comes to the same. Lines that are ``gone`` are left out. Raises Damaged, OSError."""
    drafts = [store.draft(tenant, file_id) for file_id in planned]
    try:
        for is_answer, line in _lines(batch_id, found, reader, results, why, gone):
            drafts[not is_answer].write(line)
        return (_published(drafts[0], f"{batch_id}_output.jsonl", expires_at),
                _published(drafts[1], f"{batch_id}_error.jsonl", expires_at))
    except BaseException:
        for draft in drafts:
            with suppress(OSError):
                draft.discard()
        raise


def _published(draft: Draft, filename: str, expires_at: float) -> str | None:
    if not draft.size:
        draft.discard()
        return None
    return draft.publish(filename, PURPOSE, expires_at).id


def _lines(batch_id: str, found: Input, reader: SealedReader, results: Results, why: str,
           gone: Gone) -> Iterator[tuple[bool, bytes]]:
    for line in gently(range(len(found))):
        result = results.of(line)
        if result is not None:
            if not gone(result, b""):
                yield result.is_answer, line_of(result)
        elif why:
            written = reader.read(found.starts[line], found.lengths[line])
            if not gone(None, written):
                yield False, _unanswered(batch_id, line, read_line(written).custom_id, why)
