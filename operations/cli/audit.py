"""The commands of the audit. Those that verify need no service: the database, the public key, and what was sealed."""

import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import msgspec

from operations.audit.offline import CannotVerify, opened, public_key
from operations.audit.proof import NoProof, checked
from operations.audit.second_place import Copy, copies_at
from operations.audit.verification import Report, Verification
from operations.cli.changes import dry_run_option, reason_option
from operations.cli.client import Admin, actor, admin_options
from operations.cli.output import as_json_option, columns, fail, print_json
from operations.cli.revisions import limit_option, moment

key_option = click.option(
    "--public-key", "keys", multiple=True, required=True, metavar="FILE|HEX",
    help="The key that signed: as gatewright audit public-key prints it. Again for each key, where it was changed.")


@click.group(epilog="""\b
Examples:
  gatewright audit public-key > gatewright.pub      (once; keep it where the database's owner cannot change it)
  gatewright audit verify --database gatewright.db --checkpoints /mnt/worm/gatewright --public-key gatewright.pub
  gatewright audit proof 019ab3c4... > proof.json
""")
def audit() -> None:
    """Whether the ledger is as it was written: nothing flipped, deleted, inserted, reordered, cut off or rewritten."""


@audit.command("verify", epilog="""\b
Examples:
  gatewright audit verify --database gatewright-state/gatewright.db --public-key gatewright.pub
  gatewright audit verify --database postgresql://reader@db/gatewright --public-key gatewright.pub \\
      --checkpoints /mnt/worm/gatewright
\b
Exit status: 0 sound; 1 something was found, or it could not be verified.
""")
@click.option("--database", required=True, metavar="URL|FILE", help="The database, or a restored copy of it.")
@click.option("--checkpoints", "places", multiple=True, metavar="PATH", type=click.Path(path_type=Path),
              help="A second place: a folder, or one host's *.checkpoints.jsonl in it. May be given again.")
@key_option
@click.option("--accept-restored", "accepted", multiple=True, type=int, metavar="NUMBER",
              help="A checkpoint that tells of a restore from a backup which is known.")
@as_json_option
def verify(database: str, places: tuple[Path, ...], keys: tuple[str, ...], accepted: tuple[int, ...],
           as_json: bool) -> None:
    """Verifies every record, without the service: it reads the database, and writes nothing."""
    try:
        copies = _copies(places)
        with opened(database) as connection:
            report = Verification(connection, [public_key(key) for key in keys], copies, frozenset(accepted),
                                  _progress).run()
    except CannotVerify as error:
        fail(str(error), as_json, code="cannot_verify")
    if as_json:
        print_json({"ok": report.is_sound, **msgspec.to_builtins(report)})
    else:
        _tell(report)
    if not report.is_sound:
        raise SystemExit(1)


def _copies(places: tuple[Path, ...]) -> list[Copy]:
    try:
        return [copy for place in places for copy in copies_at(place)]
    except (OSError, ValueError) as error:
        raise CannotVerify(f"checkpoints: {error}") from None


def _progress(records: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{records:,} records ", nl=False, err=True)


def _tell(report: Report) -> None:
    for finding in report.findings:
        click.echo(str(finding))
    for note in report.notes:
        click.echo(f"note: {note}")
    rate = report.records / report.seconds if report.seconds else 0.0
    click.echo(f"{report.records:,} records in {report.chains} chains, {report.segments} segments under "
               f"{report.checkpoints} checkpoints; {report.unsealed:,} not sealed yet, {report.pruned:,} deleted by "
               f"retention; {report.seconds:.1f} s, {rate:,.0f} records a second")
    faults = sum(one.is_fault for one in report.findings)
    if report.newest:
        click.echo(f"newest checkpoint: {report.newest} of {moment(report.newest_at)}")
    click.echo("sound" if not faults else f"NOT SOUND: {faults} finding{'s' if faults > 1 else ''}")


@audit.command("public-key", epilog="""\b
Examples:
  gatewright audit public-key > gatewright.pub
""")
@admin_options
def show_public_key(admin: Admin) -> None:
    """Prints the public key of the host that answers: 64 hexadecimal digits."""
    key = admin.get("/admin/audit")["public_key"]
    if admin.as_json:
        print_json({"public_key": key})
    else:
        click.echo(key)


@audit.command("seal", epilog="""\b
Examples:
  gatewright audit seal --reason "before the migration"
""")
@reason_option
@dry_run_option
@admin_options
def seal(admin: Admin, reason: str, dry_run: bool) -> None:
    """Makes a checkpoint now, of all that is stored."""
    answer = admin.post("/admin/audit/seal", {"reason": reason, "actor": actor(), "dry_run": dry_run})
    if admin.as_json:
        print_json(answer)
    elif dry_run:
        click.echo(f"dry run: {answer['waiting']} records would be sealed, and the act that says so")
    else:
        click.echo(f"checkpoint {answer['checkpoint']['number']} seals {answer['records']} records")


@audit.command("proof", epilog="""\b
Examples:
  gatewright audit proof 019ab3c41d22a1b2c3d4e50000000001 > proof.json
  gatewright audit proof act/12 > proof.json
""")
@click.argument("identity", metavar="ID")
@admin_options
def proof(admin: Admin, identity: str) -> None:
    """Prints the proof that one record (an exchange, a signal, or act/NUMBER) is as it was sealed."""
    print_json(admin.get(f"/admin/audit/proofs/{quote(identity, safe='/')}"))


@audit.command("consistency", epilog="""\b
Examples:
  gatewright audit consistency 12 340 > proof.json
""")
@click.argument("before", type=click.IntRange(min=1))
@click.argument("after", type=click.IntRange(min=1))
@admin_options
def consistency(admin: Admin, before: int, after: int) -> None:
    """Prints the proof that what checkpoint BEFORE signs is the beginning of what AFTER signs."""
    print_json(admin.get(f"/admin/audit/consistency/{before}/{after}"))


@audit.command("verify-proof", epilog="""\b
Examples:
  gatewright audit verify-proof proof.json --public-key gatewright.pub
""")
@click.argument("file", type=click.Path(path_type=Path))
@key_option
@as_json_option
def verify_proof(file: Path, keys: tuple[str, ...], as_json: bool) -> None:
    """Checks a proof: with the public key alone, and neither database nor service."""
    try:
        told = msgspec.json.decode(file.read_bytes())
        sentence = checked(told, [public_key(key) for key in keys])
    except (OSError, msgspec.DecodeError, CannotVerify, NoProof) as error:
        fail(f"not proven: {error}", as_json, code="not_proven")
    if as_json:
        print_json({"ok": True, "proven": sentence})
    else:
        click.echo(f"proven: {sentence}")


@audit.group("checkpoints", epilog="""\b
Examples:
  gatewright audit checkpoints list
  gatewright audit checkpoints show 12
""")
def checkpoints() -> None:
    """What was signed, and when."""


@checkpoints.command("list")
@limit_option
@admin_options
def list_checkpoints(admin: Admin, limit: int) -> None:
    """Lists checkpoints, the newest first."""
    answer = admin.get("/admin/audit/checkpoints", limit=limit)
    if admin.as_json:
        print_json(answer)
        return
    rows = [(one["number"], moment(one["at"]), one["size"], one["root"][:16], one["key"][:16])
            for one in answer["checkpoints"]]
    click.echo(columns(("CHECKPOINT", "AT (UTC)", "SEGMENTS", "ROOT", "KEY"), rows))


@checkpoints.command("show")
@click.argument("number", type=click.IntRange(min=1))
@admin_options
def show_checkpoint(admin: Admin, number: int) -> None:
    """Shows one checkpoint, and the segments that it is the first to sign."""
    answer: Any = admin.get(f"/admin/audit/checkpoints/{number}")
    if admin.as_json:
        print_json(answer)
        return
    click.echo(columns(("FIELD", "VALUE"), list(answer["checkpoint"].items())))
    rows = [(one["number"], one["writer"], one["first"], one["last"], one["count"], one["root"][:16])
            for one in answer["segments"]]
    click.echo("\n" + columns(("SEGMENT", "WRITER", "FIRST", "LAST", "RECORDS", "ROOT"), rows))


audit.add_command(list_checkpoints)
audit.add_command(show_checkpoint)
