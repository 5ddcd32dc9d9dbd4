"""Lines of files that an erasure destroys: which exchanges they answer is the ledger's to say."""

import asyncio

from sqlalchemy import Connection, select

from gateway.batches.erasing import Erasing
from operations.erasures.report import Target
from operations.erasures.store import of_subject
from operations.store.database import Database
from operations.store.tables import exchange


class Lines:
    """Another who holds something of a subject, as Erasures asks them."""

    def __init__(self, erasing: Erasing, database: Database) -> None:
        self._erasing = erasing
        self._database = database

    async def erase(self, target: Target) -> int:
        """Returns how many lines went. Raises DatabaseAway, and OSError or Damaged where a file cannot be read."""
        exchanges = await self._database.read(lambda c: _exchanges_of(c, target))
        subject = "" if target.exchange else target.subject
        return await asyncio.to_thread(self._erasing.erase, target.tenant, subject, exchanges)


def _exchanges_of(connection: Connection, target: Target) -> set[str]:
    if target.exchange:
        return {target.exchange}
    return set(connection.scalars(select(exchange.c.id).where(*of_subject(target), exchange.c.purpose == "batch")))
