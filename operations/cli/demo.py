"""``gatewright demo``."""

import os
from pathlib import Path

import click

from operations.cli.output import as_json_option, fail, print_json
from operations.demo import words
from operations.demo.files import Places, default_folder
from operations.demo.model import ModelEnded
from operations.demo.run import places, run
from operations.serve.sockets import CannotStart


@click.command(epilog="""\b
Examples:
  gatewright demo
  gatewright demo --port 8010 --state ./demo
\b
It needs the extra packages of the demo: pip install 'gatewright[demo]'. The first start downloads a small model and
takes about a minute; later ones start in seconds.
""")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="For applications.")
@click.option("--admin-port", default=8001, show_default=True, type=click.IntRange(1, 65535),
              help="For the console and the commands; another one is taken where it is in use.")
@click.option("--state", type=click.Path(path_type=Path), help="Where its files are kept.  [default: in the cache]")
@as_json_option
def demo(port: int, admin_port: int, state: Path | None, as_json: bool) -> None:
    """Two versions of a real small language model on this machine, and the gateway over them."""
    folder = (state or default_folder(os.environ)).absolute()

    def say_ready(where: Places) -> None:
        addresses = {"base": f"http://{where.listen}/v1", "console": f"http://{where.admin}",
                     "routing": str(folder / "routing.yaml"), "log": str(folder / "gatewright.log")}
        if as_json:
            print_json(addresses)
        else:
            click.echo(words.ready(**addresses))

    try:
        status = run(folder, places(port, admin_port), say_ready)
    except (CannotStart, ModelEnded) as error:
        fail(str(error), as_json)
    raise SystemExit(status)
