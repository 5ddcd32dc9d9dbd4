"""What is kept, for people: the request as a document, the reply as a document or as text."""

from typing import Any

import msgspec

from gateway.content.item import Body, commitment_to


def shown(body: bytes) -> dict[str, Any]:
    """A body, decoded, with the commitment that its record should have."""
    told = msgspec.msgpack.decode(body, type=Body)
    return {"prompt": _read(told.prompt), "prompt_cut": told.prompt_cut, "reply": _read(told.reply),
            "reply_cut": told.reply_cut, "media": told.media, "withheld": told.withheld, "comment": told.comment,
            "commitment": commitment_to(body)}


def _read(written: bytes) -> Any:
    if not written:
        return None
    try:
        return msgspec.json.decode(written)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return written.decode(errors="replace")
