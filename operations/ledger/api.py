"""The admin API's routes for exchanges."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.routing import Route

from operations.admin.answers import AdminError, Answer, number_in
from operations.ledger import store
from operations.ledger.surroundings import Adds, surroundings
from operations.store.database import Database

SHORTEST_PREFIX = 8


class ExchangeRoutes:
    """``adds`` are what other rooms know of an exchange."""

    def __init__(self, database: Database, adds: Sequence[Adds] = ()) -> None:
        self._database = database
        self._adds = (surroundings, *adds)

    def routes(self) -> list[Route]:
        return [Route("/admin/exchanges", self.newest), Route("/admin/exchanges/{id}", self.show)]

    async def newest(self, request: Request) -> Answer:
        limit = number_in(request, "limit", 50, store.MAX_LISTED)
        model, outcome = request.query_params.get("model"), request.query_params.get("outcome")
        rows = await self._database.run(lambda c: store.newest(c, limit, model, outcome))
        return Answer({"exchanges": rows})

    async def show(self, request: Request) -> Answer:
        """One exchange, by its id or by the beginning of it, and what is known beside it."""
        wanted: str = request.path_params["id"]
        found = await self._database.run(lambda c: store.starting_with(c, wanted))
        row = _the_one(wanted, found)
        return Answer(await self._database.run(lambda c: self._whole(c, row)))

    def _whole(self, connection: Connection, row: dict[str, Any]) -> dict[str, Any]:
        for add in self._adds:
            row = {**row, **add(connection, row)}
        return row


def _the_one(wanted: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    if found and found[0]["id"] == wanted:
        return found[0]
    if len(wanted) < SHORTEST_PREFIX or not found:
        raise AdminError(404, "exchange_not_found", f"There is no exchange {wanted!r} in the ledger. "
                         "A finished one is there within a second; its id may be shortened to 8 characters.")
    if len(found) > 1:
        raise AdminError(409, "exchange_ambiguous", f"More than one exchange begins with {wanted!r}: give more of it.")
    return found[0]
