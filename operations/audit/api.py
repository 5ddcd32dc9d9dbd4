"""The admin API's routes for acts and for the audit log."""

from functools import partial
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from operations.admin.answers import AdminError, Answer, body_as, number_in
from operations.audit import log_store, store
from operations.audit.act import Act
from operations.audit.auditor import Auditor
from operations.audit.delivery import due_after
from operations.audit.proof import NoProof, growth, proof_of
from operations.store.database import Database


class ActRoutes:
    def __init__(self, database: Database) -> None:
        self._database = database

    def routes(self) -> list[Route]:
        return [Route("/admin/acts", self.acts), Route("/admin/acts/{number:int}", self.show)]

    async def acts(self, request: Request) -> Answer:
        limit = number_in(request, "limit", 50, 1000)
        return Answer({"acts": await self._database.read(lambda c: store.newest(c, limit))})

    async def show(self, request: Request) -> Answer:
        number: int = request.path_params["number"]
        found = await self._database.read(lambda c: store.numbered(c, number)) if number < 1 << 31 else None
        if found is None:
            raise AdminError(404, "act_not_found", f"There is no act {number}.")
        return Answer(found)


class SealRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A wish for a checkpoint at once."""

    reason: str
    actor: str = "unknown"
    dry_run: bool = False


class AuditRoutes:
    def __init__(self, database: Database, auditor: Auditor, public_key: bytes) -> None:
        self._database = database
        self._auditor = auditor
        self._public_key = public_key.hex()

    def routes(self) -> list[Route]:
        return [
            Route("/admin/audit", self.state),
            Route("/admin/audit/seal", self.seal, methods=["POST"]),
            Route("/admin/audit/checkpoints", self.checkpoints),
            Route("/admin/audit/checkpoints/{number:int}", self.checkpoint),
            Route("/admin/audit/proofs/{id:path}", self.proof),
            Route("/admin/audit/consistency/{before:int}/{after:int}", self.consistency),
        ]

    async def state(self, _request: Request) -> Answer:
        """The public key, the newest checkpoint, what is not sealed yet, and how the second places do."""
        newest = self._auditor.newest
        return Answer({
            "public_key": self._public_key, "checkpoint": newest.told() if newest else None,
            "waiting": self._auditor.waiting, "places": [
                {"name": one.place.name, "checkpoint": one.number, "error": one.error}
                for one in self._auditor.deliveries]})

    async def seal(self, request: Request) -> Answer:
        """Writes the act that says so, and then a checkpoint that seals it too."""
        wish = await body_as(request, SealRequest)
        if not wish.reason.strip():
            raise AdminError(400, "invalid_body", "reason has to say why.")
        if wish.dry_run:
            return Answer({"dry_run": True, "waiting": await self._database.read(log_store.waiting)})
        act = Act(at=self._auditor.now(), kind="audit.seal", actor=wish.actor, reason=wish.reason)
        await self._database.run(partial(store.append, act=act))
        sealed = await self._auditor.seal()
        await self._auditor.deliver()
        return Answer({"records": sealed.records,
                       "checkpoint": sealed.checkpoint.told() if sealed.checkpoint else None}, 201)

    async def checkpoints(self, request: Request) -> Answer:
        limit = number_in(request, "limit", 50, 1000)
        found = await self._database.read(partial(log_store.newest_checkpoints, limit=limit))
        return Answer({"checkpoints": [one.told() for one in found]})

    async def checkpoint(self, request: Request) -> Answer:
        number: int = request.path_params["number"]
        found = await self._database.read(partial(due_after, number=number - 1)) if 0 < number < 1 << 31 else []
        if not found or found[0].checkpoint.number != number:
            raise AdminError(404, "checkpoint_not_found", f"There is no checkpoint {number}.")
        return Answer({"checkpoint": found[0].checkpoint.told(), "segments": [one.told() for one in found[0].segments]})

    async def proof(self, request: Request) -> Answer:
        return await self._proven(partial(proof_of, identity=request.path_params["id"]))

    async def consistency(self, request: Request) -> Answer:
        return await self._proven(partial(
            growth, before=request.path_params["before"], after=request.path_params["after"]))

    async def _proven(self, prove: Any) -> Answer:
        try:
            return Answer(await self._database.read(prove))
        except NoProof as error:
            raise AdminError(404, "nothing_to_prove", f"There is no proof: {error}.") from None
