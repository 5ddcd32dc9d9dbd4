"""``gatewright check``."""

from pathlib import Path

import click

from gateway.config.checking import ConfigurationError
from gateway.config.reading import read_routing, read_settings
from gateway.config.routing_document import RoutingDocument, warnings_of
from operations.cli.output import as_json_option, fail_with_problems, print_json


@click.command(epilog="""\b
Examples:
  gatewright check --config gatewright.yaml
  gatewright check --routing routing.yaml --json
""")
@click.option("--config", type=click.Path(path_type=Path), help="The settings; the routing that they name is read too.")
@click.option("--routing", type=click.Path(path_type=Path), help="A routing document, alone or instead of theirs.")
@as_json_option
def check(config: Path | None, routing: Path | None, as_json: bool) -> None:
    """Checks what an operator wrote and says everything that is wrong with it. It starts and changes nothing."""
    if config is None and routing is None:
        raise click.UsageError("Give --config FILE, --routing FILE, or both.")
    errors: list[ConfigurationError] = []
    if config is not None:
        routing = _check_settings(config, errors) if routing is None else (_check_settings(config, errors), routing)[1]
    document = _check_routing(routing, errors) if routing is not None else None
    if errors:
        fail_with_problems(errors, as_json)
    _report(warnings_of(document) if document else [], as_json)


def _check_settings(path: Path, errors: list[ConfigurationError]) -> Path | None:
    try:
        return Path(read_settings(path).routing)
    except ConfigurationError as error:
        errors.append(error)
        return None


def _check_routing(path: Path, errors: list[ConfigurationError]) -> RoutingDocument | None:
    try:
        return read_routing(path)[0]
    except ConfigurationError as error:
        errors.append(error)
        return None


def _report(warnings: list[str], as_json: bool) -> None:
    if as_json:
        print_json({"ok": True, "warnings": warnings})
        return
    for warning in warnings:
        click.echo(f"warning: {warning}")
    click.echo("ok")
