"""The admin API's routes for drills."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from operations.admin.answers import AdminError, Answer, number_in
from operations.drills import evidence
from operations.drills.report import NotSigned, Signed, verified
from operations.store.database import Database


class DrillRoutes:
    def __init__(self, database: Database) -> None:
        self._database = database

    def routes(self) -> list[Route]:
        return [Route("/admin/drills", self.drills), Route("/admin/drills/{name}", self.show)]

    async def drills(self, request: Request) -> Answer:
        limit = number_in(request, "limit", 50, 1000)
        rows = await self._database.read(lambda connection: evidence.newest(connection, limit))
        return Answer({"drills": [_summary(row) for row in rows]})

    async def show(self, request: Request) -> Answer:
        """One drill: its report, and the evidence as it was signed."""
        wanted: str = request.path_params["name"]
        row = await self._database.read(lambda connection: evidence.named(connection, wanted))
        if row is None:
            raise AdminError(404, "drill_not_found", f"There is no drill {wanted!r}.")
        told = msgspec.convert(row["details"]["evidence"], Signed)
        try:
            report, problem = msgspec.to_builtins(verified(told)), ""
        except NotSigned as error:
            report, problem = None, str(error)
        return Answer({**_summary(row), "report": report, "signature_problem": problem, "evidence": told})


def _summary(row: dict[str, Any]) -> dict[str, Any]:
    figures = {name: value for name, value in row["details"].items() if name != "evidence"}
    return {"name": row["about"], "act": row["id"], "at": row["at"], "actor": row["actor"], "reason": row["reason"],
            **figures}
