"""The admin API's routes for exchanges."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.routing import Route

from gateway.config.checking import nearest
from operations.admin.answers import AdminError, Answer, number_in
from operations.ledger import queries, store
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
        """The newest, all or those with the given values of what they can be listed by."""
        limit = number_in(request, "limit", 50, queries.MAX_LISTED)
        only = _filters(request)
        rows = await self._database.read(lambda c: store.newest(c, limit, **only))
        return Answer({"exchanges": rows})

    async def show(self, request: Request) -> Answer:
        """One exchange, by its id or by the beginning of it, and what is known beside it."""
        wanted: str = request.path_params["id"]
        found = await self._database.read(lambda c: store.starting_with(c, wanted))
        row = _the_one(wanted, found)
        return Answer(await self._database.read(lambda c: self._whole(c, row)))

    def _whole(self, connection: Connection, row: dict[str, Any]) -> dict[str, Any]:
        for add in self._adds:
            row = {**row, **add(connection, row)}
        return row


def _filters(request: Request) -> dict[str, str]:
    only = {name: value for name, value in request.query_params.items() if name != "limit"}
    for name in only.keys() - queries.FILTERS.keys():
        # Left out, it would list what nobody asked for.
        close = nearest(name, queries.FILTERS)
        raise AdminError(400, "invalid_parameter", f"There is no {name!r}: exchanges are listed by limit, "
                         f"{', '.join(queries.FILTERS)}." + (f" Did you mean {close!r}?" if close else ""))
    return only


def _the_one(wanted: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    if found and found[0]["id"] == wanted:
        return found[0]
    if len(wanted) < SHORTEST_PREFIX or not found:
        raise AdminError(404, "exchange_not_found", f"There is no exchange {wanted!r} in the ledger. "
                         "A finished one is there within a second; its id may be shortened to 8 characters.")
    if len(found) > 1:
        raise AdminError(409, "exchange_ambiguous", f"More than one exchange begins with {wanted!r}: give more of it.")
    return found[0]
