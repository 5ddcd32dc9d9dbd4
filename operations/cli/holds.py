"""The commands for legal holds."""

from urllib.parse import quote

import click

from operations.cli.client import Admin, actor, admin_options
from operations.cli.output import columns, print_json
from operations.cli.revisions import limit_option, moment
from operations.cli.whose import dry_run_option, pseudonym_option, reason_option, user_option


@click.group(epilog="""\b
Examples:
  gatewright hold add --tenant retail --subject jo@example.org --reason "case 12/2026"
  gatewright hold add --tenant retail --reason "audit by the authority"      all of it
  gatewright hold release 5f0c9a7e11d2b384 --reason "case closed"
""")
def hold() -> None:
    """Legal holds: what is under one is neither erased nor deleted for its age."""


@hold.command("add")
@click.option("--tenant", required=True, help="The tenant; all of it, unless a subject is named.")
@user_option
@pseudonym_option
@reason_option
@dry_run_option
@admin_options
def add(admin: Admin, tenant: str, user: str | None, pseudonym: str | None, reason: str, dry_run: bool) -> None:
    """Places a hold on a tenant, or on one subject of it."""
    if user and pseudonym:
        raise click.UsageError("Name --subject USER or --pseudonym P, not both.")
    answer = admin.post("/admin/holds", {"tenant": tenant, "user": user or None, "subject": pseudonym or None,
                                         "reason": reason, "actor": actor(), "dry_run": dry_run})
    if admin.as_json:
        print_json(answer)
        return
    placed = answer["hold"]
    what = f"subject {placed['subject']} of tenant {tenant}" if placed["subject"] else f"all of tenant {tenant}"
    click.echo(f"dry run: {what} would be held" if dry_run else f"hold {placed['id']}: {what} is held")


@hold.command("list")
@limit_option
@click.option("--released", is_flag=True, help="Those too that were released.")
@admin_options
def list_holds(admin: Admin, limit: int, released: bool) -> None:
    """Lists holds, the newest first."""
    answer = admin.get("/admin/holds", limit=limit, released=str(released).lower())
    if admin.as_json:
        print_json(answer)
        return
    rows = [(row["id"], moment(row["placed_at"]), row["tenant"], row["subject"] or "(all)", row["actor"],
             row["reason"], moment(row["released_at"]) if row["released_at"] else "-") for row in answer["holds"]]
    click.echo(columns(("HOLD", "PLACED (UTC)", "TENANT", "SUBJECT", "ACTOR", "REASON", "RELEASED (UTC)"), rows))


@hold.command("show")
@click.argument("hold_id")
@admin_options
def show_hold(admin: Admin, hold_id: str) -> None:
    """Shows one hold: whose, why, since when, and who released it."""
    answer = admin.get(f"/admin/holds/{quote(hold_id, safe='')}")
    if admin.as_json:
        print_json(answer)
        return
    click.echo(columns(("FIELD", "VALUE"), list(answer.items())))


@hold.command("release")
@click.argument("hold_id")
@reason_option
@dry_run_option
@admin_options
def release(admin: Admin, hold_id: str, reason: str, dry_run: bool) -> None:
    """Ends a hold. What is due by then is deleted at the next look, within ten minutes."""
    answer = admin.post(f"/admin/holds/{quote(hold_id, safe='')}/release",
                        {"reason": reason, "actor": actor(), "dry_run": dry_run})
    if admin.as_json:
        print_json(answer)
        return
    click.echo(f"dry run: hold {hold_id} would be released" if dry_run else f"hold {hold_id} is released")
