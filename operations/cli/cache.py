"""The commands for the cache."""

from collections.abc import Mapping
from typing import Any

import click

from gateway.config.checking import nearest
from operations.cli.calibrating import calibrate_command
from operations.cli.changes import dry_run_option
from operations.cli.client import Admin, actor, admin_options
from operations.cli.output import columns, fail, print_json


@click.group(epilog="""\b
Examples:
  gatewright cache stats
  gatewright cache calibrate --pairs pairs.jsonl
  gatewright cache purge --model assistant --reason "the system prompt was wrong"
""")
def cache() -> None:
    """What is remembered of replies, and what that saves."""


cache.add_command(calibrate_command, "calibrate")


@cache.command()
@admin_options
def stats(admin: Admin) -> None:
    """Shows what each worker holds, and what came of requests by model."""
    answer = admin.get("/admin/cache")
    if admin.as_json:
        print_json(answer)
        return
    click.echo(columns(("WORKER", "ENTRIES", "BYTES", "OF", "VECTORS", "EVICTED", "BEING ASKED", "SERVER"), [
        (name, one["entries"], one["bytes"] + one["vector_bytes"], one["max_bytes"], one["vectors"], one["evicted"],
         one["flights"], one["shared"] or "none")
        for name, one in answer["workers"].items()]))
    click.echo("\n" + _models(answer["models"]))


def _models(models: Mapping[str, Any]) -> str:
    results = ("hit", "similar", "coalesced", "miss", "bypass")
    return columns(("MODEL", *(name.upper() for name in results), "TOKENS SAVED", "COST SAVED"), [
        (model, *(one["requests"].get(name, 0) for name in results), one["saved_tokens"],
         f"{one['saved_micros'] / 1e6:.6f}") for model, one in models.items()])


@cache.command("list")
@admin_options
def list_models(admin: Admin) -> None:
    """Lists the models of which something was asked, with what the cache saved of each."""
    models = admin.get("/admin/cache")["models"]
    if admin.as_json:
        print_json(models)
    else:
        click.echo(_models(models))


@cache.command()
@click.argument("model")
@admin_options
def show(admin: Admin, model: str) -> None:
    """Shows what the cache saved of one MODEL."""
    models = admin.get("/admin/cache")["models"]
    if model not in models:
        close = nearest(model, models)
        fail(f"nothing was asked of a model {model!r}" + (f"; did you mean {close!r}?" if close else ""), admin.as_json)
    if admin.as_json:
        print_json(models[model])
    else:
        click.echo(_models({model: models[model]}))


@cache.command(epilog="""\b
Examples:
  gatewright cache purge --tenant retail --reason "their prices changed"
  gatewright cache purge --model assistant --version smol-2 --reason "new weights under the old name"
  gatewright cache purge --all --reason "a test"
""")
@click.option("--tenant", default="", help="Only what this tenant's requests left.")
@click.option("--model", default="", help="Only this model's replies.")
@click.option("--version", default="", help="Only this version's replies.")
@click.option("--all", "everything", is_flag=True, help="Everything.")
@click.option("--reason", required=True, help="Why: kept with the act, for good.")
@dry_run_option
@admin_options
def purge(admin: Admin, tenant: str, model: str, version: str, everything: bool, reason: str, dry_run: bool) -> None:
    """Makes the cache forget: what is named has to match."""
    answer = admin.post("/admin/cache/purge", {
        "tenant": tenant, "model": model, "version": version, "all": everything, "reason": reason, "actor": actor(),
        "dry_run": dry_run})
    if admin.as_json:
        print_json(answer)
    elif dry_run:
        click.echo(f"would purge {_words(answer['would_purge'])}")
    else:
        click.echo(f"purged {_words(answer['purged'])}; {answer['removed_from_server']} entries from the shared server")


def _words(purged: object) -> str:
    return ", ".join(f"{name} {value}" for name, value in purged.items()) if isinstance(purged, dict) else str(purged)
