"""A restore drill: everything that a disaster would ask for, on trial, measured, with evidence of how it went."""

import fcntl
import os
import secrets
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from gateway.config.settings import Settings
from operations.audit.act import Act
from operations.backups.archive import Archive
from operations.backups.damage import Damaged, Refused, WrongKey
from operations.backups.databases import is_there, kind_of, offline_engine, remove, target_at
from operations.backups.making import PURPOSE, moment_of
from operations.backups.manifest import Manifest
from operations.backups.postgresql import DumpFailed
from operations.backups.restoring import Chain, Reapply, restore
from operations.drills.report import Report, Step
from operations.drills.stand_in import StandIn
from operations.drills.trial import Trial, TrialFailed, answers_of_guards, rerouted
from operations.metrics.gauges import release
from operations.revisions import store as revisions
from operations.revisions.revision import differences
from operations.secrets.master import MasterKey

FAULTS = (OSError, SQLAlchemyError, sqlite3.Error, DumpFailed, Damaged, WrongKey, Refused, TrialFailed)
PREFIX = "gatewright-drill-"
_KEPT = "kept"  # a file that says that somebody wants to look at the folder


class Drill:
    """One drill. ``run`` never raises for what goes wrong with the backup or on it: the report says it."""

    def __init__(
        self, settings: Settings, key: MasterKey, host: str, scratch: str | None = None, keep: bool = False,
        chain: Chain | None = None, reapply: Reapply | None = None,
        clock: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``scratch`` is the URL of a database that the drill makes, and removes unless ``keep``; without one it is a
        file, or lies beside the gateway's own database."""
        self.kept: list[str] = []
        self._settings = settings
        self._key = key
        self._host = host
        self._scratch = scratch
        self._keep = keep
        self._chain = chain
        self._reapply = reapply
        self._clock = clock
        self._monotonic = monotonic
        self._steps: list[Step] = []
        self._known: dict[str, Any] = {}
        self._began = 0.0

    def run(self, file: Path, actor: str, reason: str) -> Report:
        at = self._clock()
        self._began = self._monotonic()
        self._known = {"backup": file.name.partition(".")[0], "backup_age_seconds": 0.0, "counts": {}, "revision": 0}
        problem = ""
        try:
            self._run(file, Act(at=at, kind="backup.restore", actor=actor, reason=reason))
        except FAULTS as error:
            problem = str(error).partition("\n")[0] or type(error).__name__
        return Report(
            id=f"drill-{moment_of(at)}-{secrets.token_hex(3)}", at=at, host=self._host, release=release(),
            passed=not problem, problem=problem, failed_step=self._steps[-1].name if problem else "",
            steps=self._steps, **self._known)

    def _run(self, file: Path, act: Act) -> None:
        with self._folder() as folder, ExitStack() as stack:
            with self._step("open"):
                archive = Archive(file)
                self._note(archive.manifest, act.at)
            with self._step("restore"):
                url = self._url(archive.manifest, folder, act.at)
                # Refused where there is anything: only what the drill itself has filled is ever removed.
                target = target_at(url, archive.manifest.kind, replace=False, moment=moment_of(act.at))
                stack.callback(self._remove, url, is_there(url))
                restore(archive, self._key.derived(PURPOSE), target, folder / "state", act, self._reapply, self._chain)
                self._known["chain_verified"] = self._chain is not None
            with self._step("routing"):
                routing = self._routing(url)
            stand_in = StandIn(answers_of_guards(routing))
            stack.enter_context(stand_in.running())
            self._probe(Trial(folder, url, self._rerouted(routing, stand_in.url), self._settings), stand_in)

    def _probe(self, trial: Trial, stand_in: StandIn) -> None:
        # The gateway's end is no part of what is measured: it is left running until the probe was answered.
        with ExitStack() as stack:
            with self._step("boot"):
                stack.enter_context(trial.running())
            with self._step("ready") as told:
                told.append(f"revision {trial.ready()}")
            with self._step("models") as told:
                models = trial.models()
                told.append(", ".join(models[:10]))
            with self._step("probe") as told:
                told.append(trial.ask(models))
                self._known["recovery_seconds"] = round(self._monotonic() - self._began, 3)
                if not stand_in.asked:
                    raise TrialFailed("the gateway answered without asking a model")

    @contextmanager
    def _step(self, name: str) -> Iterator[list[str]]:
        began = self._monotonic()
        told: list[str] = []
        try:
            yield told
        finally:
            self._steps.append(Step(name, round(self._monotonic() - began, 3), "; ".join(told)))

    def _note(self, manifest: Manifest, at: float) -> None:
        self._known |= {
            "backup": manifest.id, "backup_age_seconds": round(max(0.0, at - manifest.created_at), 3),
            "counts": manifest.counts, "revision": manifest.revision,
            "recovery_point_seconds": round(max(0.0, at - manifest.newest_at), 3) if manifest.newest_at else None}

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        remove_left_over()
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        with _locked(folder):
            try:
                yield folder
            finally:
                if self._keep:
                    (folder / _KEPT).touch()
                    self.kept.append(str(folder))
                else:
                    shutil.rmtree(folder, ignore_errors=True)

    def _url(self, manifest: Manifest, folder: Path, at: float) -> str:
        if self._scratch is not None:
            return self._scratch
        if manifest.kind == "sqlite":
            return f"sqlite:///{folder}/gatewright.db"
        if kind_of(self._settings.database) != "postgresql":
            raise Refused("it is a backup of PostgreSQL, and the settings' database is none: give --to postgresql://...")
        url = make_url(self._settings.database)
        name = f"{url.database}"[:40] + f"_drill_{moment_of(at)}"
        return url.set(database=name).render_as_string(hide_password=False)

    def _remove(self, url: str, was_there: bool) -> None:
        if self._keep:
            self.kept.append(make_url(url).render_as_string(hide_password=True))
        else:
            remove(url, was_there)

    def _routing(self, url: str) -> Any:
        with offline_engine(url).connect() as connection:
            revision = revisions.latest(connection)
        if revision is None:
            raise Damaged("it holds no revision: there is nothing to serve")
        return revision.routing

    def _rerouted(self, routing: Any, url: str) -> Any:
        served = rerouted(routing, url)
        self._known["changed_routing"] = [one.path for one in differences(routing, served)]
        return served


def remove_left_over() -> None:
    """Clears what drills have left that were killed: nobody holds a lock on it any more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError), _locked(folder):
            if not (folder / _KEPT).exists():
                shutil.rmtree(folder)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    fd = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(fd)
