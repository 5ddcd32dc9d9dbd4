"""What runs of batches need of their worker."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from pathlib import Path

import msgspec

from gateway.batches.batch_store import BatchStore
from gateway.batches.book import LineBook
from gateway.batches.erasing import Erased
from gateway.batches.file_store import FileStore
from gateway.config.settings import Batches, Key, Limits
from gateway.exchange import Clock
from gateway.ids import IdMarks
from gateway.pipeline import Pipeline
from gateway.snapshot import Snapshot
from gateway.telemetry.logs import Log


class Surroundings(msgspec.Struct, frozen=True, eq=False):
    """``keys`` None: everybody may. ``marks`` mark the exchanges of lines as those of anybody; ``journal`` is where the
    records of this host lie."""

    batches: BatchStore
    files: FileStore
    secret: bytes
    settings: Batches
    limits: Limits
    keys: Mapping[str, Key] | None
    marks: IdMarks
    erased: Erased
    subject_of: Callable[[str, str], str]
    pipeline: Pipeline
    book: LineBook
    snapshot: Callable[[], Snapshot]
    clock: Clock
    new_id: Callable[[], str]
    threads: Executor
    log: Log
    journal: Path
