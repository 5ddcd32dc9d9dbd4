"""The commands for applications' keys. They live in the settings file; only their SHA-256 is written there."""

import os
from pathlib import Path

import click
import msgspec
import yaml

from gateway.config.checking import ConfigurationError
from gateway.config.reading import read_settings
from gateway.config.settings import Key
from operations.admin.new_key import SECRET_BYTES, new_key
from operations.cli.output import as_json_option, columns, fail, fail_with_problems, print_json

config_option = click.option("--config", required=True, type=click.Path(path_type=Path),
                             help="The settings that hold the keys: gatewright.yaml.")


@click.group(epilog="""\b
Examples:
  gatewright key create --id shop --tenant retail
  gatewright key list --config gatewright.yaml
""")
def key() -> None:
    """Keys of applications."""


@key.command("create")
@click.option("--id", "identity", required=True, help="The name by which records and logs speak of the key.")
@click.option("--tenant", default="default", show_default=True, help="Whom the application belongs to.")
@as_json_option
def create(identity: str, tenant: str, as_json: bool) -> None:
    """Makes a new random key, prints it once, and prints the lines for gatewright.yaml. Nothing is stored."""
    made = new_key(os.urandom(SECRET_BYTES))
    entry = {"id": identity, "sha256": made.sha256, "tenant": tenant}
    if as_json:
        print_json({"key": made.key, "entry": entry})
        return
    click.echo(f"{made.key}\n", nl=True)
    click.echo("Give it to the application now: it is shown this once and kept nowhere. Then add to gatewright.yaml,\n"
               "and start the gateway again:\n")
    click.echo(yaml.safe_dump({"keys": [entry]}, sort_keys=False), nl=False)


@key.command("list")
@config_option
@as_json_option
def list_keys(config: Path, as_json: bool) -> None:
    """Lists the keys that the settings know."""
    keys = _keys(config, as_json)
    if as_json:
        print_json({"keys": keys})
        return
    click.echo(columns(("ID", "TENANT", "SHA256"), [(one.id, one.tenant, one.sha256[:12] + "...") for one in keys]))


@key.command("show")
@click.argument("identity")
@config_option
@as_json_option
def show_key(identity: str, config: Path, as_json: bool) -> None:
    """Shows one key of the settings. The key itself cannot be shown: nobody has it."""
    found = next((one for one in _keys(config, as_json) if one.id == identity), None)
    if found is None:
        fail(f"There is no key {identity!r} in {config}.", as_json, code="key_not_found")
    if as_json:
        print_json(found)
        return
    click.echo(columns(("FIELD", "VALUE"), list(msgspec.structs.asdict(found).items())))


def _keys(config: Path, as_json: bool) -> list[Key]:
    try:
        return read_settings(config).keys
    except ConfigurationError as error:
        fail_with_problems([error], as_json)
