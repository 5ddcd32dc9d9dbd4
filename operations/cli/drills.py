"""The commands for drills: a backup restored on trial, with a gateway on it that answers."""

import signal
import socket
import time
from pathlib import Path
from types import FrameType

import click
import msgspec

from gateway.config.settings import Settings
from operations.backups.archive import Archive
from operations.backups.databases import source_of
from operations.backups.folder import Folder
from operations.backups.joined import REAPPLY, chain_under
from operations.backups.making import PURPOSE, check
from operations.cli.backups import backup_key, faults_told, settings_at
from operations.cli.changes import dry_run_option
from operations.cli.client import Admin, actor, admin_options
from operations.cli.output import as_json_option, columns, fail, print_json
from operations.cli.revisions import limit_option, moment
from operations.drills import evidence
from operations.drills.drill import Drill
from operations.drills.report import Report
from operations.store.database import DatabaseAway


@click.group(epilog="""\b
Examples:
  gatewright drill restore --config gatewright.yaml
  gatewright drill restore --config gatewright.yaml --backup FILE --keep
  gatewright drill list
""")
def drill() -> None:
    """Drills: proof that a backup can be lived on, with figures and signed evidence."""


@drill.command("restore")
@click.option("--config", required=True, type=click.Path(path_type=Path), help="The gateway's settings.")
@click.option("--backup", "file", type=click.Path(path_type=Path), help="The backup.  [default: the newest]")
@click.option("--to", "scratch", metavar="URL", help="A database to make for the drill, which is gone at the end.  "
              "[default: a temporary file, or one beside the gateway's database]")
@click.option("--keep", is_flag=True, help="Leave what was restored, and the gateway's log, to be looked at.")
@click.option("--reason", default="a restore drill", show_default=True, help="Why: kept as an act, for good.")
@dry_run_option
@as_json_option
def restore(config: Path, file: Path | None, scratch: str | None, keep: bool, reason: str, dry_run: bool,
            as_json: bool) -> None:
    """Restores the newest backup on trial, verifies it, boots a gateway on it, asks that, and measures.

    The evidence is filed: a signed report in the state folder, and an act in the database. Status 1 where anything
    fails, and the step at which it did. The running gateway is not touched.
    """
    settings = settings_at(config, as_json)
    assert settings is not None
    signal.signal(signal.SIGTERM, _leave)
    with faults_told(as_json):
        key = backup_key(settings)
        chosen = file or _newest(settings, as_json)
        if dry_run:
            check(Archive(chosen), key.derived(PURPOSE))
            _say(as_json, {"dry_run": True, "backup": str(chosen)}, f"dry run: {chosen} is good, and would be drilled")
            return
    one = Drill(settings, key, socket.gethostname(), scratch, keep, chain_under(key), REAPPLY)
    report = one.run(chosen, actor(), reason)
    filed, problem = "", ""
    try:
        filed = str(evidence.file(report, key, Path(settings.state), settings.database, actor(), reason))
    except (OSError, DatabaseAway) as error:
        problem = str(error)
    _tell(report, filed, problem, one.kept, as_json)
    raise SystemExit(0 if report.passed and not problem else 1)


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(1)


def _newest(settings: Settings, as_json: bool) -> Path:
    if settings.backups is None:
        fail("The settings name no folder of backups: give --backup FILE.", as_json, code="backups_not_configured")
    found = Folder(Path(settings.backups.to)).of(source_of(settings.database, socket.gethostname()))
    if not found:
        fail(f"There is no backup of {settings.database.partition('@')[2] or settings.database} in "
             f"{settings.backups.to}: gatewright backup create makes one.", as_json, code="backup_not_found")
    return found[0].path


def _say(as_json: bool, told: dict[str, object], words: str) -> None:
    if as_json:
        print_json(told)
    else:
        click.echo(words)


def _tell(report: Report, filed: str, problem: str, kept: list[str], as_json: bool) -> None:
    if as_json:
        print_json({**msgspec.to_builtins(report), "filed": filed, "filing_problem": problem, "kept": kept})
        return
    click.echo(columns(("STEP", "SECONDS", ""), [(one.name, one.seconds, one.told) for one in report.steps]))
    if report.passed:
        click.echo(f"PASSED: {report.backup} was answering after {report.recovery_seconds} s")
        if report.recovery_point_seconds is not None:
            newest = moment(time.time() - report.recovery_point_seconds)
            click.echo(f"its newest record is {report.recovery_point_seconds} s old (of about {newest} UTC)")
    else:
        click.echo(f"FAILED at {report.failed_step}: {report.problem}", err=True)
    click.echo(f"evidence: {filed}" if filed else f"the evidence could not be filed: {problem}", err=not filed)
    for place in kept:
        click.echo(f"kept: {place}")


@drill.command("list")
@limit_option
@admin_options
def list_drills(admin: Admin, limit: int) -> None:
    """Lists the drills, the newest first, with what they measured."""
    answer = admin.get("/admin/drills", limit=limit)
    if admin.as_json:
        print_json(answer)
        return
    rows = [(one["name"], moment(one["at"]), "passed" if one["passed"] else f"FAILED at {one['failed_step']}",
             one["recovery_seconds"] or "-", one["recovery_point_seconds"] or "-", one["backup"])
            for one in answer["drills"]]
    click.echo(columns(("DRILL", "AT (UTC)", "RESULT", "RECOVERY S", "POINT S", "BACKUP"), rows))


@drill.command("show")
@click.argument("name")
@admin_options
def show_drill(admin: Admin, name: str) -> None:
    """Shows one drill: each step, every figure, and whether the evidence is what was signed."""
    answer = admin.get(f"/admin/drills/{name}")
    if admin.as_json:
        print_json(answer)
        return
    report = answer["report"] or {}
    click.echo(columns(("FIELD", "VALUE"), [(key, value) for key, value in report.items() if key != "steps"]))
    click.echo("\n" + columns(("STEP", "SECONDS", ""), [
        (one["name"], one["seconds"], one["told"]) for one in report.get("steps", [])]))
    click.echo(f"\nsignature: {answer['signature_problem'] or 'good'}, of {answer['evidence']['public_key']}")
