"""``gatewright check``."""

import os
from pathlib import Path

import click

from gateway.config.checking import ConfigurationError
from gateway.config.reading import read_routing, read_settings
from gateway.config.routing_document import RoutingDocument, warnings_of
from gateway.config.settings import Settings
from gateway.detectors import usable_detectors
from guardrails.compiling import Catalogue
from guardrails.detectors.catalogue import CATALOGUE
from operations.cli.output import as_json_option, fail_with_problems, print_json
from operations.retention.periods import warnings_of as retention_warnings
from operations.revisions.host import host_of
from operations.secrets.master import given_in


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
    settings = _check_settings(config, errors) if config is not None else None
    catalogue = usable_detectors(settings) if settings is not None else CATALOGUE
    if routing is None and settings is not None:
        routing = Path(settings.routing)
    document = _check_routing(routing, catalogue, errors) if routing is not None else None
    if settings is not None and document is not None:
        _check_host(document, settings, str(routing), errors)
    if errors:
        fail_with_problems(errors, as_json)
    _report([*(warnings_of(document, catalogue) if document else []),
             *(retention_warnings(settings.retention) if settings else [])], as_json)


def _check_settings(path: Path, errors: list[ConfigurationError]) -> Settings | None:
    try:
        return read_settings(path)
    except ConfigurationError as error:
        errors.append(error)
        return None


def _check_routing(path: Path, catalogue: Catalogue, errors: list[ConfigurationError]) -> RoutingDocument | None:
    try:
        return read_routing(path, catalogue)[0]
    except ConfigurationError as error:
        errors.append(error)
        return None


def _check_host(document: RoutingDocument, settings: Settings, source: str, errors: list[ConfigurationError]) -> None:
    """A document that is checked with settings is meant for the host that this is."""
    try:
        host_of(settings, given_in(os.environ)).check(document, source)
    except ConfigurationError as error:
        errors.append(error)


def _report(warnings: list[str], as_json: bool) -> None:
    if as_json:
        print_json({"ok": True, "warnings": warnings})
        return
    for warning in warnings:
        click.echo(f"warning: {warning}")
    click.echo("ok")
