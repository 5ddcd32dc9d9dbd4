"""The admin API's routes for backups."""

import asyncio
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from operations.admin.answers import AdminError, Answer, body_as
from operations.backups.folder import Backup
from operations.backups.schedule import BackupFailed, Busy, Schedule

MAX_WAIT_SECONDS = 60.0


class CreateBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What making a backup takes. After ``wait_seconds`` the answer comes while it is still being made."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    actor: str = "admin"
    dry_run: bool = False
    wait_seconds: Annotated[float, msgspec.Meta(ge=0, le=MAX_WAIT_SECONDS)] = 0


class BackupRoutes:
    def __init__(self, schedule: Schedule | None) -> None:
        self._schedule = schedule
        self._making: set[asyncio.Task[Backup | None]] = set()

    def routes(self) -> list[Route]:
        return [Route("/admin/backups", self.backups, methods=["GET", "POST"]),
                Route("/admin/backups/{name}", self.show)]

    def _configured(self) -> Schedule:
        if self._schedule is None:
            raise AdminError(409, "backups_not_configured",
                             "No backups are made here: say where to in gatewright.yaml, as in backups: {to: PATH}.")
        return self._schedule

    async def backups(self, request: Request) -> Answer:
        schedule = self._configured()
        if request.method == "POST":
            return await self.create(schedule, await body_as(request, CreateBody))
        return Answer({**_state(schedule), "backups": [shown(one) for one in await _all(schedule)]})

    async def create(self, schedule: Schedule, body: CreateBody) -> Answer:
        told = {"key": schedule.maker.key_id, "key_is_given": schedule.maker.key_is_given}
        if body.dry_run:
            return Answer({"dry_run": True, **told, **_state(schedule)})
        making = asyncio.create_task(schedule.make(body.reason, body.actor))
        self._making.add(making)
        making.add_done_callback(self._making.discard)
        await asyncio.wait([making], timeout=body.wait_seconds)
        if not making.done():
            return Answer({**told, **_state(schedule)}, 202)
        try:
            made = making.result()
        except Busy:
            raise AdminError(409, "backup_running", "A backup is being made already.") from None
        except BackupFailed as error:
            raise AdminError(503, "backup_failed", f"No backup was made: {error}") from None
        assert made is not None
        return Answer({**told, "backup": shown(made), **_state(schedule)}, 201)

    async def show(self, request: Request) -> Answer:
        wanted: str = request.path_params["name"]
        for one in await _all(self._configured()):
            if one.path.name.startswith(f"{wanted}."):
                return Answer(shown(one))
        raise AdminError(404, "backup_not_found", f"There is no backup {wanted!r}.")


def _state(schedule: Schedule) -> dict[str, Any]:
    return {"folder": str(schedule.maker.folder.path), "newest_at": schedule.newest_at, "missed": schedule.missed,
            "due_at": schedule.due_at, "running_since": schedule.begun_at, "failures": schedule.failures_total,
            "problem": schedule.problem}


async def _all(schedule: Schedule) -> list[Backup]:
    try:
        return await asyncio.to_thread(schedule.maker.folder.all)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise AdminError(503, "backups_unreadable", f"The folder of the backups cannot be read: {error}") from None


def shown(backup: Backup) -> dict[str, Any]:
    """A backup as JSON; of one whose head is damaged, what is wrong with it."""
    told: dict[str, Any] = {"name": backup.path.name.partition(".")[0], "path": str(backup.path),
                            "bytes": backup.bytes, "problem": backup.problem}
    fields = msgspec.to_builtins(backup.manifest) if backup.manifest else {}
    return told | {name: value for name, value in fields.items() if name not in ("id", "salt")}
