"""``gatewright guard models``: the models of detectors, with their cards."""

from collections.abc import Iterator
from pathlib import Path

import click

from operations.cli.output import as_json_option, columns, fail, print_json
from operations.guards.models import BUNDLED, Model, ModelFigure, models_in

_DIGESTS = {"verified": "verified", "changed": "CHANGED", "missing": "MISSING", "untold": "no digest told"}

_folder_option = click.option("--folder", type=click.Path(path_type=Path), default=BUNDLED,
                              help="Where the models lie, each in a folder of its name.  "
                                   "[default: those that come with the package]")


@click.group(epilog="""\b
Examples:
  gatewright guard models list
  gatewright guard models show fast
  gatewright guard models list --folder models
""")
def models() -> None:
    """The models of detectors: those that come with the package, and those that `guard train` has made."""


@models.command("list")
@_folder_option
@as_json_option
def list_models(folder: Path, as_json: bool) -> None:
    """Lists the models, and whether their files are the ones that they were when they were made."""
    found = models_in(folder)
    if as_json:
        print_json({"folder": folder, "models": found})
    elif not found:
        click.echo(f"There are no models in {folder}: detectors that need one cannot be used.")
    else:
        click.echo(columns(("MODEL", "BYTES", "LICENCE", "SEED", "FILES"), [
            (one.name, sum(file.bytes for file in one.files), one.licence or "-", "-" if one.seed is None else one.seed,
             one.problem or ", ".join(f"{file.name} {_DIGESTS[file.digest]}" for file in one.files) or "none")
            for one in found]))


@models.command("show", epilog="""\b
Exit status: 0 its files are those that it was made with; 1 there is no such model, or it has changed since.
""")
@click.argument("name")
@_folder_option
@as_json_option
def show_model(name: str, folder: Path, as_json: bool) -> None:
    """Shows one model: its files and their digests, its figures, and its card."""
    found = next((one for one in models_in(folder) if one.name == name), None)
    if found is None:
        fail(f"There is no model {name!r} in {folder}; see: gatewright guard models list", as_json,
             code="model_not_found")
    if as_json:
        print_json({"model": found, "intact": found.intact})
    else:
        click.echo("\n".join(_told(found)))
    if not found.intact:
        raise SystemExit(1)


def _told(model: Model) -> Iterator[str]:
    yield columns(("FIELD", "VALUE"), [
        (field, "-" if value is None else value) for field, value in (
            ("name", model.name), ("folder", model.folder), ("version", model.version), ("licence", model.licence),
            ("seed", model.seed), ("data sha256", model.data_sha256))])
    if model.problem:
        yield f"\n{model.problem}"
    if model.files:
        yield "\n" + columns(("FILE", "BYTES", "SHA-256", "DIGEST"), [
            (file.name, file.bytes, file.sha256, _DIGESTS[file.digest]) for file in model.files])
    if model.figures:
        yield "\n" + columns(("FIGURE", "VALUE", "TEXTS", "95 %"), [_figure(one) for one in model.figures])
    yield f"\n{model.card.rstrip()}" if model.card else "\nIt has no card."


def _figure(one: ModelFigure) -> tuple[object, ...]:
    known = one.low is not None and one.high is not None
    return (one.name, f"{one.value:.4g}", "-" if one.of is None else one.of,
            f"{one.low:.4g} to {one.high:.4g}" if known else "-")
