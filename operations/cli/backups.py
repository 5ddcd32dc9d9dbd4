"""The commands for backups. What makes one asks the admin port; what reads one needs no gateway, and no network."""

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from gateway.config.checking import ConfigurationError
from gateway.config.reading import read_settings
from gateway.config.settings import Settings
from operations.audit.act import Act
from operations.backups.api import MAX_WAIT_SECONDS, shown
from operations.backups.archive import Archive
from operations.backups.damage import Damaged, Refused, WrongKey
from operations.backups.databases import kind_of, target_at
from operations.backups.dump import Target
from operations.backups.folder import Folder, looked_at
from operations.backups.joined import REAPPLY, chain_under
from operations.backups.making import PURPOSE, moment_of
from operations.backups.manifest import Manifest
from operations.backups.postgresql import DumpFailed
from operations.backups.record import RESTORED
from operations.backups.restoring import restore
from operations.backups.verifying import verify
from operations.cli.changes import dry_run_option
from operations.cli.client import Admin, actor, admin_options
from operations.cli.output import as_json_option, columns, fail, fail_with_problems, print_json
from operations.cli.revisions import moment
from operations.secrets.master import FILE_VARIABLE, HOST_FILE, MASTER_VARIABLE, BadMasterKey, MasterKey, master_key
from operations.serve.sockets import CannotStart, StateLock

F = TypeVar("F", bound=Callable[..., Any])

_POLL_SECONDS = 0.2
_FAULTS = {Damaged: "backup_damaged", WrongKey: "wrong_key", Refused: "refused", CannotStart: "gateway_is_running",
           DumpFailed: "dump_failed", OSError: "unreadable", SQLAlchemyError: "database_unavailable",
           sqlite3.Error: "database_unavailable", BadMasterKey: "bad_master_key"}

reason_option = click.option("--reason", required=True, help="Why: kept as an act, for good.")
config_option = click.option("--config", type=click.Path(path_type=Path),
                             help="The gateway's settings: for its database and state folder, and for its own key "
                                  "where no master key was given.")
folder_option = click.option("--folder", type=click.Path(path_type=Path),
                             help="Look into this folder, and ask no gateway.")
scratch_option = click.option("--scratch", metavar="URL", help="Where to restore to on trial: a database that is made, "
                              "and gone at the end.  [default: a temporary file, or beside the gateway's database]")


@click.group(epilog="""\b
Examples:
  gatewright backup create --reason "before the upgrade"
  gatewright backup list
  gatewright backup verify /var/backups/gatewright/gatewright-20260101T030000Z-1a2b3c.gwbackup
  gatewright backup restore FILE --config gatewright.yaml --replace --reason "the disk failed"
""")
def backup() -> None:
    """Backups of the database: sealed files, made on a schedule, that can be proved and restored."""


@backup.command("create")
@reason_option
@dry_run_option
@admin_options
def create(admin: Admin, reason: str, dry_run: bool) -> None:
    """Makes a backup now, reads it back, and removes those that the settings do not keep any more."""
    answer = admin.post("/admin/backups", {
        "reason": reason, "actor": actor(), "dry_run": dry_run, "wait_seconds": MAX_WAIT_SECONDS})
    while not dry_run and "backup" not in answer:
        answer = _after_it_ran(admin, answer)
    if admin.as_json:
        print_json(answer)
        return
    click.echo(f"dry run: it would be written to {answer['folder']}" if dry_run else
               f"{answer['backup']['path']}\n{answer['backup']['bytes']} bytes, read back and good")
    click.echo(_words_on_key(answer))


def _after_it_ran(admin: Admin, answer: Any) -> Any:
    time.sleep(_POLL_SECONDS)
    state = admin.get("/admin/backups")
    if state["running_since"] is not None:
        return answer
    if state["failures"] > answer["failures"]:
        fail(f"No backup was made: {state['problem']}", admin.as_json, code="backup_failed")
    return {**answer, **state, "backup": state["backups"][0]}


def _words_on_key(told: Any) -> str:
    if told["key_is_given"]:
        return f"To restore it, the master key is needed (its backup key is {told['key']})."
    return (f"warning: it is sealed under this host's own key ({told['key']}), {HOST_FILE} in the state folder: with "
            f"the host that is lost too. Set {MASTER_VARIABLE}, or keep a copy of that file elsewhere.")


@backup.command("list")
@folder_option
@admin_options
def list_backups(admin: Admin, folder: Path | None) -> None:
    """Lists the backups, the newest first, by what their heads say."""
    answer = admin.get("/admin/backups") if folder is None else _in_folder(folder, admin.as_json)
    if admin.as_json:
        print_json(answer)
        return
    rows = [(one["name"], moment(one["created_at"]) if "created_at" in one else "-", one["bytes"],
             one.get("counts", {}).get("exchange", "-"), one.get("revision", "-"), one.get("key", "-"),
             one["problem"] or "") for one in answer["backups"]]
    click.echo(columns(("BACKUP", "MADE (UTC)", "BYTES", "EXCHANGES", "REVISION", "KEY", "PROBLEM"), rows))
    if answer.get("missed"):
        click.echo(f"warning: there is no backup as young as there should be. {answer['problem']}".rstrip(), err=True)


def _in_folder(folder: Path, as_json: bool) -> dict[str, Any]:
    with faults_told(as_json):
        return {"folder": str(folder), "backups": [shown(one) for one in Folder(folder).all()]}


@backup.command("show")
@click.argument("name")
@folder_option
@admin_options
def show(admin: Admin, name: str, folder: Path | None) -> None:
    """Shows what one backup says of itself: what is in it, and which key opens it."""
    if folder is None:
        answer = admin.get(f"/admin/backups/{name}")
    else:
        found = looked_at(Folder(folder).path_of(name.partition(".")[0]))
        if found is None:
            fail(f"There is no backup {name!r} in {folder}.", admin.as_json, code="backup_not_found")
        answer = shown(found)
    if admin.as_json:
        print_json(answer)
        return
    click.echo(columns(("FIELD", "VALUE"), list(answer.items())))


@backup.command("verify")
@click.argument("file", type=click.Path(path_type=Path))
@config_option
@scratch_option
@as_json_option
def verify_backup(file: Path, config: Path | None, scratch: str | None, as_json: bool) -> None:
    """Proves FILE good: authenticates every byte, makes a database of it on trial, and counts what is in that.

    It needs no gateway: the key from the environment, or with --config the host's own.
    """
    settings = settings_at(config, as_json)
    with faults_told(as_json), tempfile.TemporaryDirectory() as folder:
        archive = Archive(file)
        target = _on_trial(archive.manifest, scratch, settings, Path(folder))
        key = backup_key(settings)
        found = verify(archive, key.derived(PURPOSE), target, chain_under(key))
    if as_json:
        print_json({"good": True, **msgspec.to_builtins(found)})
        return
    click.echo(f"good: {', '.join(f'{name} {size} bytes' for name, size in found.members.items())}")
    chain = ", and its chain verifies" if found.chain else ""
    click.echo(f"restored on trial: every table has the rows that it should{chain}" if found.restored else
               "not restored on trial: give --scratch postgresql://USER@HOST/NAME")


def _on_trial(manifest: Manifest, scratch: str | None, settings: Settings | None, folder: Path) -> Target | None:
    """A place for a trial; None where there is none for a dump of this kind."""
    url = scratch or scratch_url(manifest, settings, folder)
    return None if url is None else target_at(url, manifest.kind, replace=False, moment=moment_of(time.time()))


def scratch_url(manifest: Manifest, settings: Settings | None, folder: Path) -> str | None:
    """Where a backup can be restored to on trial: a file in ``folder``, or a database beside the gateway's."""
    if manifest.kind == "sqlite":
        return f"sqlite:///{folder}/trial.db"
    if settings is None or kind_of(settings.database) != "postgresql":
        return None
    url = make_url(settings.database)
    return url.set(database=f"{url.database}_trial").render_as_string(hide_password=False)


@backup.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@config_option
@click.option("--to", metavar="URL", help="The database to restore to.  [default: that of the settings]")
@click.option("--replace", is_flag=True, help="Take the place of a database that is not empty, which is kept beside.")
@reason_option
@dry_run_option
@as_json_option
def restore_backup(
    file: Path, config: Path | None, to: str | None, replace: bool, reason: str, dry_run: bool, as_json: bool
) -> None:
    """Makes a database of FILE, where none is or, with --replace, in the place of one. No gateway may use it.

    All of FILE is verified first; nothing is touched unless it is good.
    """
    settings = settings_at(config, as_json)
    if settings is None and to is None:
        raise click.UsageError("Give --config FILE, or --to URL.")
    url = to or settings.database  # type: ignore[union-attr]
    now = time.time()
    with faults_told(as_json), _held(settings, url):
        archive = Archive(file)
        master = backup_key(settings)
        key = master.derived(PURPOSE)
        target = target_at(url, archive.manifest.kind, replace, moment_of(now))
        if dry_run:
            verify(archive, key, None)
            _tell(as_json, {"dry_run": True, "would_restore": archive.manifest.id, "to": _shown_url(url)})
            return
        act = Act(at=now, kind=RESTORED, actor=actor(), reason=reason, about=archive.manifest.id, details={
            "created_at": archive.manifest.created_at, "newest_at": archive.manifest.newest_at})
        done = restore(archive, key, target, Path(settings.state) if settings else None, act, REAPPLY,
                       chain_under(master))
    _tell(as_json, {
        "restored": done.manifest.id, "to": _shown_url(url), "kept": done.kept, "counts": done.manifest.counts,
        "newest_record": moment(done.manifest.newest_at) if done.manifest.newest_at else "none",
        "lost_seconds": round(done.lost_seconds, 3), "journal_segments": done.segments, "erasures": done.erasures})


@contextmanager
def _held(settings: Settings | None, url: str) -> Iterator[None]:
    """No gateway serves from the state folder meanwhile, where the database is that gateway's."""
    if settings is None or settings.database != url:
        yield
        return
    lock = StateLock(Path(settings.state))
    try:
        yield
    finally:
        lock.release()


_WORDS = {
    "would_restore": "dry run: {} is good and would be restored", "restored": "restored {}", "to": "to {}",
    "kept": "the database that was there is kept: {}",
    "newest_record": "its newest record is of {} UTC; what came later is lost, except what follows",
    "journal_segments": "{} journal segments on this host: what of them is missing in it is drained when the gateway "
                        "starts, each record once",
    "erasures": "{} lists of erasures were applied again"}


def _tell(as_json: bool, told: dict[str, Any]) -> None:
    if as_json:
        print_json(told)
        return
    for name, words in _WORDS.items():
        if told.get(name):
            click.echo(words.format(told[name]))


def _shown_url(url: str) -> str:
    return make_url(url).render_as_string(hide_password=True)


@contextmanager
def faults_told(as_json: bool) -> Iterator[None]:
    try:
        yield
    except tuple(_FAULTS) as error:
        code = next(code for kind, code in _FAULTS.items() if isinstance(error, kind))
        said = str(error).partition("\n")[0]  # what follows may repeat a statement
        fail(f"{said[:1].upper()}{said[1:]}", as_json, code=code)


def settings_at(config: Path | None, as_json: bool) -> Settings | None:
    try:
        return None if config is None else read_settings(config)
    except ConfigurationError as error:
        fail_with_problems([error], as_json)


def backup_key(settings: Settings | None) -> MasterKey:
    """The operator's key, or the host's own where there is one; raises Refused."""
    if os.environ.get(MASTER_VARIABLE) or os.environ.get(FILE_VARIABLE):
        return master_key(os.environ, Path())
    if settings is None or not Path(settings.state, HOST_FILE).exists():
        raise Refused(f"no key: set {MASTER_VARIABLE} or {FILE_VARIABLE}, or give --config with the settings of the "
                      f"host whose {HOST_FILE} sealed it")
    return master_key({}, Path(settings.state))


