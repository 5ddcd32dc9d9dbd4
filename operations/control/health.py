"""Whether this host can serve, and what it lacks."""

from collections.abc import Iterator

from starlette.requests import Request
from starlette.routing import Route

from operations.admin.answers import Answer
from operations.audit.auditor import Auditor
from operations.backups.schedule import Schedule
from operations.classifier.board import Classifiers
from operations.drills.schedule import Drills
from operations.ledger.drain import Drain
from operations.ledger.room import Room
from operations.revisions.keeper import Keeper
from operations.revisions.routing_file import RoutingFile
from operations.workers.board import Workers


class Health:
    """``missing`` is what keeps the host from being whole; ``notes`` is what somebody should look at."""

    def __init__(self, keeper: Keeper, file: RoutingFile, workers: Workers, drain: Drain,
                 classifiers: Classifiers, auditor: Auditor, room: Room, backups: Schedule | None = None,
                 drills: Drills | None = None) -> None:
        self._keeper = keeper
        self._file = file
        self._workers = workers
        self._drain = drain
        self._classifiers = classifiers
        self._auditor = auditor
        self._backups = backups
        self._drills = drills
        self._room = room

    def routes(self) -> list[Route]:
        return [Route("/health", self.health), Route("/ready", self.ready)]

    async def health(self, _request: Request) -> Answer:
        return Answer({"status": "alive"})

    async def ready(self, _request: Request) -> Answer:
        missing = list(self.missing())
        told = {"ready": not missing, "revision": self._keeper.number, "missing": missing, "notes": list(self.notes())}
        return Answer(told, 503 if missing else 200)

    def missing(self) -> Iterator[str]:
        drain = self._drain
        if drain.away_since is not None:
            yield (f"database: it does not answer, for {drain.away_seconds:.0f} s now ({drain.away_because}); "
                   f"exchanges wait in the journal ({drain.undrained_bytes()} bytes) and revisions cannot change")
        elif not self._keeper.in_step:
            yield "database: it does not answer yet; exchanges wait in the journal and revisions cannot change"
        if full := [status.worker for status in self._workers.live() if status.journal_full]:
            yield f"journal: the disk takes no records of {', '.join(full)}; they are lost, or requests refused"
        if not self._keeper.written:
            yield f"snapshot: revision {self._keeper.number} is not on disk; workers serve the one before it"
        if not self._workers.ready():
            yield "workers: none is ready"

    def notes(self) -> Iterator[str]:
        if self._room.is_low():
            yield (f"disk: {self._room.free_bytes() >> 20} MiB are free for the journal, less than "
                   f"{self._room.low_bytes >> 20} (journal_low_bytes)")
        if self._file.refusal is not None:
            yield (f"{self._file.path.name} is refused and revision {self._keeper.number} serves: "
                   + " ".join(map(str, self._file.refusal.problems)))
        for status in self._workers.live():
            if status.refused:
                yield f"worker {status.worker} refuses the newest snapshot: {status.refused}"
        for name, state in self._classifiers.degraded().items():
            yield f"classifier {name} is {state}: what its guards cannot decide is as on_error has it"
        yield from self._auditor.notes()
        if self._backups is not None and self._backups.missed:
            yield f"backups: none is as young as it should be. {self._backups.problem}".rstrip()
        if self._drills is not None and self._drills.problem:
            yield f"drills: {self._drills.problem}"
        yield from self._keeper.warnings()
