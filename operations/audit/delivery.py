"""Brings checkpoints to the second places: each in order, again until it is taken, and never in anybody's way."""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Protocol

import httpx2
import msgspec
from sqlalchemy import Connection

from gateway.config.settings import Audit
from operations.audit import log_store
from operations.audit.checkpoint import Checkpoint, Segment
from operations.audit.merkle import root_of
from operations.audit.second_place import Folder, Kept
from operations.store.database import Database

CHECKPOINTS_AT_ONCE = 8
FIRST_BACKOFF_SECONDS = 1.0
LONGEST_BACKOFF_SECONDS = 300.0
_TIMEOUT_SECONDS = 10.0


class NotTaken(Exception):
    """A place did not take a checkpoint; the message says why, without a secret."""


class Due(msgspec.Struct, frozen=True):
    """A checkpoint that is to be delivered, and the segments that it is the first to sign."""

    checkpoint: Checkpoint
    segments: list[Segment]


class Place(Protocol):
    """A second place. Both raise NotTaken."""

    name: str
    key: str  # by which the database knows how far it has come

    async def newest(self, database: Database) -> int:
        """The number of the newest checkpoint that it has; asked once."""

    async def take(self, database: Database, due: Sequence[Due]) -> None:
        """Returns once it has all of them for good."""


def due_after(connection: Connection, number: int) -> list[Due]:
    """The next checkpoints after one, the oldest first; some at most."""
    found = []
    before = log_store.checkpoint_before(connection, number + 1)
    size = before.size if before else 0
    for checkpoint in log_store.checkpoints(connection, number, CHECKPOINTS_AT_ONCE):
        found.append(Due(checkpoint, list(log_store.segments(connection, size, checkpoint.size))))
        size = checkpoint.size
    return found


class FolderPlace:
    """Files in a folder: see second_place. ``last`` is the newest checkpoint there."""

    def __init__(self, folder: Folder, host: str) -> None:
        self.name = folder.name
        self.key = place_key(host, folder.name)
        self.last: Checkpoint | None = None
        self._folder = folder

    async def newest(self, database: Database) -> int:
        try:
            self.last = await asyncio.to_thread(self._folder.newest)
        except OSError as error:
            raise NotTaken(f"it cannot be read: {error.strerror}") from None
        return self.last.number if self.last else 0

    async def take(self, database: Database, due: Sequence[Due]) -> None:
        first = due[0].checkpoint
        if self.last is not None and first.previous != self.last.digest():
            raise NotTaken(f"its checkpoint {self.last.number} is not the one that the database had before "
                           f"{first.number}: one of the two was changed, or is of another gateway")
        kept = [await database.read(partial(kept_of, segment=segment)) for one in due for segment in one.segments]
        try:
            await asyncio.to_thread(self._folder.add, kept, [one.checkpoint for one in due])
        except OSError as error:
            raise NotTaken(f"it cannot be written: {error.strerror or error}") from None
        self.last = due[-1].checkpoint


def kept_of(connection: Connection, segment: Segment) -> Kept:
    """A segment with its leaves, where the database still has the ones that it sealed."""
    leaves = [digest for _, digest in log_store.leaves(connection, segment)]
    return Kept(segment, leaves if root_of(leaves) == segment.root else None)


class Webhook:
    """Posts each checkpoint as JSON, ``{"checkpoint": ..., "segments": [...]}``; any 2xx takes it."""

    def __init__(self, url: str, name: str, host: str, client: httpx2.AsyncClient) -> None:
        self.name = name
        self.key = place_key(host, url)
        self._url = url
        self._client = client

    async def newest(self, database: Database) -> int:
        return await database.read(lambda c: log_store.delivered(c, self.key))

    async def take(self, database: Database, due: Sequence[Due]) -> None:
        for one in due:
            body = msgspec.json.encode({
                "checkpoint": one.checkpoint.told(), "segments": [segment.told() for segment in one.segments]})
            try:
                response = await self._client.post(
                    self._url, content=body, headers={"content-type": "application/json"}, timeout=_TIMEOUT_SECONDS)
            except httpx2.HTTPError as error:
                raise NotTaken(f"it does not answer ({type(error).__name__})") from None
            if not response.is_success:
                raise NotTaken(f"it answers {response.status_code}")


def place_key(host: str, where: str) -> str:
    return f"{host}:{sha256(where.encode()).hexdigest()[:32]}"


def places_of(settings: Audit, host: str, client: httpx2.AsyncClient) -> list[Place]:
    """The second places that the settings name."""
    return [Webhook(place, place.shown, host, client) if place.is_url else FolderPlace(Folder(Path(place), host), host)
            for place in settings.to]


class Delivery:
    """One place, and how far it has come. ``error`` says what is wrong with it, empty where nothing is."""

    def __init__(self, place: Place, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self.place = place
        self.error = ""
        self.failures_total = 0
        self.number: int | None = None
        self._database = database
        self._clock = clock
        self._backoff = FIRST_BACKOFF_SECONDS
        self._not_before = float("-inf")

    async def step(self, newest: int) -> None:
        """Delivers what is due, up to checkpoint ``newest``, unless the last failure was just now. Raises
        DatabaseAway."""
        if self._clock() < self._not_before or (self.number is not None and self.number >= newest):
            return
        try:
            await self._catch_up(newest)
        except NotTaken as failure:
            self.failures_total += 1
            self.error = str(failure)
            self._not_before = self._clock() + self._backoff
            self._backoff = min(2 * self._backoff, LONGEST_BACKOFF_SECONDS)
        else:
            self.error, self._backoff = "", FIRST_BACKOFF_SECONDS

    async def _catch_up(self, newest: int) -> None:
        if self.number is None:
            self.number = await self.place.newest(self._database)
        if self.number > newest > 0:
            raise NotTaken(f"it has checkpoint {self.number}, the database {newest}: was the database restored?")
        while self.number < newest:
            due = await self._database.read(partial(due_after, number=self.number))
            if not due:
                return
            await self.place.take(self._database, due)
            self.number = due[-1].checkpoint.number
            await self._database.run(
                partial(log_store.note_delivered, place=self.place.key, number=self.number))
