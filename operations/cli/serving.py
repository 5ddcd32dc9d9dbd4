"""``gatewright serve``."""

import os
import sys
from pathlib import Path

import click
import msgspec

from gateway.config.checking import ConfigurationError
from gateway.config.reading import read_settings
from gateway.config.settings import Settings
from gateway.config.written import Address
from gateway.telemetry.logs import Log
from operations.cli.output import as_json_option, fail, fail_with_problems
from operations.serve.running import run
from operations.serve.sockets import CannotStart


class AddressType(click.ParamType[Address]):
    """An address such as 127.0.0.1:8000, or a port of 127.0.0.1."""

    name = "address"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Address:
        try:
            return Address.parse(value if ":" in value else f"127.0.0.1:{value}")
        except ValueError:
            self.fail(f"{value!r} is not {Address.expected}", param, ctx)


@click.command(epilog="""\b
Examples:
  gatewright serve --config gatewright.yaml
  gatewright serve --config gatewright.yaml --workers 4
\b
SIGTERM or Ctrl-C: what is in flight is finished, then everything ends. A second Ctrl-C cuts that short.
""")
@click.option("--config", "path", required=True, type=click.Path(path_type=Path), help="The settings: gatewright.yaml.")
@click.option("--workers", type=click.IntRange(min=1), help="How many data workers, instead of what the file says.")
@click.option("--listen", type=AddressType(), help="The address for applications, instead of the file's. Port 0: any.")
@click.option("--admin-listen", type=AddressType(), help="The address of the admin port, instead of the file's.")
@as_json_option
def serve(path: Path, workers: int | None, listen: Address | None, admin_listen: Address | None, as_json: bool) -> None:
    """Runs the gateway: one control process and its data workers, until it is told to stop.

    The log goes to standard error, one JSON object a line; the line "listening" has the addresses.
    """
    changes = {"workers": workers, "listen": listen, "admin": admin_listen}
    settings = _settings(path, {name: value for name, value in changes.items() if value is not None}, as_json)
    try:
        status = run(settings, Log(sys.stderr, settings.log_level, process="supervisor", pid=os.getpid()))
    except CannotStart as error:
        fail(str(error), as_json)
    raise SystemExit(status)


def _settings(path: Path, changes: dict[str, object], as_json: bool) -> Settings:
    try:
        return msgspec.structs.replace(read_settings(path), **changes)
    except ConfigurationError as error:
        fail_with_problems([error], as_json)
