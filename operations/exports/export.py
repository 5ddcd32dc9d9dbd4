"""An export: lines of JSON, each with what it is; the last one counts them and has their SHA-256.

Made page by page while it is read: no file of it, and no more than a page of it in memory, is here.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from functools import partial
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import Connection

from operations.content import store as contents
from operations.content.shown import shown
from operations.content.vault import Damaged, Vault, WrongMasterKey
from operations.erasures import store as erasures
from operations.erasures.report import Target, document_of
from operations.exports import store
from operations.holds import store as holds
from operations.store.database import Database

FORMAT = "gatewright-export-1"


class Export:
    """One subject's."""

    def __init__(self, database: Database, vault: Vault, target: Target, at: float) -> None:
        self._database = database
        self._vault = vault
        self._target = target
        self._at = at
        self._digest = sha256()
        self._counts: Counter[str] = Counter()

    async def lines(self) -> AsyncIterator[bytes]:
        """Raises DatabaseAway in the midst of it; the last line is missing then."""
        yield self._line("subject", {"format": FORMAT, "at": self._at, "tenant": self._target.tenant,
                                     "subject": self._target.subject})
        about = await self._database.read(lambda c: list(self._about(c)))
        for kind, told in about:
            yield self._line(kind, told)
        for of_page in (self._exchanges, self._contents):
            after: str | None = ""
            while after is not None:
                page, after = await self._database.read(partial(of_page, after=after))
                for kind, told in page:
                    yield self._line(kind, told)
        yield msgspec.json.encode({"kind": "end", "lines": dict(self._counts),
                                   "sha256": self._digest.hexdigest()}) + b"\n"

    def _line(self, kind: str, told: Any) -> bytes:
        line = msgspec.json.encode({"kind": kind, kind: told}) + b"\n"
        self._digest.update(line)
        self._counts[kind] += 1
        return line

    def _about(self, connection: Connection) -> Iterator[tuple[str, Any]]:
        tenant, subject = self._target.tenant, self._target.subject
        for hold in holds.about(connection, tenant, subject):
            yield "hold", hold
        for signed in erasures.reports_about(connection, tenant, subject):
            yield "erasure", document_of(signed)

    def _exchanges(self, connection: Connection, after: str) -> tuple[list[tuple[str, Any]], str | None]:
        rows = store.exchanges(connection, self._target.tenant, self._target.subject, after)
        signals = store.signals(connection, [row["id"] for row in rows]) if rows else []
        told = [("exchange", row) for row in rows] + [("signal", row) for row in signals]
        return told, rows[-1]["id"] if len(rows) == store.PAGE else None

    def _contents(self, connection: Connection, after: str) -> tuple[list[tuple[str, Any]], str | None]:
        page = store.PAGE // 10  # each may be of two mebibytes
        ids = erasures.content_ids(connection, self._target, after, page)
        return [("content", self._content(connection, one)) for one in ids], ids[-1] if len(ids) == page else None

    def _content(self, connection: Connection, wanted: str) -> dict[str, Any]:
        try:
            found = contents.opened(connection, self._vault, wanted)
        except (WrongMasterKey, Damaged) as error:
            return {"id": wanted, "unreadable": str(error)}
        return {"id": wanted, "unreadable": "its key is gone"} if found is None else {**found[0], **shown(found[1])}
