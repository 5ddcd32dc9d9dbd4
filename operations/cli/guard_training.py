"""``gatewright guard train``."""

import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click
from rich.console import Console

from guardrails.training.trainable import TRAINABLE, Trainable
from operations.cli.output import as_json_option, columns, fail, print_json
from operations.cli.training_progress import Shown, shown_on
from operations.guards import training
from operations.guards.models import BUNDLED, is_model, model_at
from operations.guards.training import Made, Step

_ALL = "all"


class Trained(NamedTuple):
    model: Trainable
    made: Made
    seconds: float


@click.command(epilog="""\b
Examples:
  gatewright guard train safety --data data/guardrails --out models
  gatewright guard train all --data data/guardrails --out models --seed 11
  gatewright guard train safety --data data/guardrails --out models --minutes 30
  gatewright guard models show safety --folder models
\b
Each model is made in a folder of its name below --out. The same data, seed, packages and machine make the same model.
It needs the extra packages for training: pip install 'gatewright[train]'. Ctrl-C is passed on to the script; a second
one kills it.
\b
Exit status: 0 done; 1 something is missing, or a script has failed; 2 wrong usage; 130 stopped by Ctrl-C.
""")
@click.argument("model", type=click.Choice([*(one.name for one in TRAINABLE), _ALL]))
@click.option("--data", required=True, type=click.Path(path_type=Path), help="The folder with the data to learn from.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Where the models are put.")
@click.option("--seed", default=7, show_default=True, type=click.IntRange(0), help="Of all that is drawn by chance.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True),
              help="The most that safety may train, by a shorter course. Reading the data comes on top.")
@click.option("--device", default="cpu", show_default=True, type=click.Choice(["cpu", "cuda"]),
              help="Where safety is trained.")
@as_json_option
def train(model: str, data: Path, out: Path, seed: int, minutes: float | None, device: str,
          as_json: bool) -> None:
    """Trains the models that detectors use, by the scripts that have made the bundled ones."""
    wanted = [one for one in TRAINABLE if model in (one.name, _ALL)]
    _check(wanted, data, out, as_json)
    opened, shown = shown_on(Console(stderr=True), time.monotonic)
    with opened:
        trained = [_trained(one, training.command(one, data, out, seed, minutes, device), shown, as_json)
                   for one in wanted]
    if as_json:
        print_json({"seed": seed, "trained": [
            {"name": one.model.name, "written": one.made.written, "sha256": one.made.sha256,
             "figures": one.made.figures, "seconds": one.seconds} for one in trained]})
        return
    for one in trained:
        click.echo("\n".join(_told(one, out)))


def _check(wanted: list[Trainable], data: Path, out: Path, as_json: bool) -> None:
    """Everything that is missing for any of them, before the first begins."""
    missing = [str(path) for path in dict.fromkeys(path for one in wanted for path in training.lacking_data(one, data))]
    if missing:
        fail("Training needs files that are not there:\n" + "\n".join(f"  {path}" for path in missing), as_json,
             code="data_missing", missing=missing)
    for one in wanted:
        if one.teacher and one.teacher not in [other.name for other in wanted] and not _is_there(one.teacher, out):
            fail(f"{one.name} learns from {one.teacher}, which is neither in {out} nor bundled: first train "
                 f"{one.teacher}, or all.", as_json, code="model_missing", missing=[one.teacher])
    packages = list(dict.fromkeys(name for one in wanted for name in training.lacking_packages(one)))
    if packages:
        fail(f"Training needs {', '.join(packages)}: {training.INSTALL}", as_json, code="packages_missing",
             missing=packages)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"{out} is no folder to put models into: {error.strerror}", as_json, code="out_unwritable")


def _trained(model: Trainable, command: list[str], shown: Shown, as_json: bool) -> Trained:
    """The model, once its script has ended well; the command ends where it has not."""
    began, made = time.monotonic(), None
    with training.running(command) as (script, signals):
        for told in script.told():
            if isinstance(told, Step):
                shown.show(model.name, told)
            else:
                made = told
        status = script.wait()
    if signals.passed_on is not None:
        click.echo(f"The training of {model.name} was stopped ({signal.Signals(signals.passed_on).name}).", err=True)
        raise SystemExit(128 + signals.passed_on)
    if status or made is None:
        how = f"ended with status {status}" if status else "ended without telling what it has made"
        said = f" Its last words:\n{script.last_words}" if script.last_words else ""
        fail(f"The training of {model.name} {how}.{said}", as_json, code="training_failed", status=status)
    _verify(model, made, as_json)
    return Trained(model, made, round(time.monotonic() - began, 1))


def _is_there(name: str, out: Path) -> bool:
    return any(is_model(folder / name) for folder in (out, BUNDLED))


def _verify(model: Trainable, made: Made, as_json: bool) -> None:
    """What the script says that it has made has to be there."""
    path = Path(made.written)
    try:
        found = model_at(path).verified if path.is_dir() else [training.digest_of(path)]
    except OSError as error:
        fail(f"The training of {model.name} says that it has written {path}, which cannot be read: {error.strerror}",
             as_json, code="training_failed")
    if made.sha256 not in found:
        fail(f"The training of {model.name} tells the digest {made.sha256}; what lies in {path} has "
             f"{' and '.join(found) or 'none'}.", as_json, code="training_failed")


def _told(trained: Trained, out: Path) -> Iterator[str]:
    model, made = trained.model, trained.made
    yield f"{model.name}: {made.written}, made in {trained.seconds:.0f} s\nsha256 {made.sha256}"
    if made.figures:
        yield columns(("FIGURE", "VALUE"), flat(made.figures))
    yield f"Look at it: gatewright guard models show {model.name} --folder {out}"
    if model.use:
        yield model.use.format(folder=out / model.name)


def flat(figures: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Figures of figures by their path."""
    for name, value in figures.items():
        below = f"{path}.{name}" if path else name
        if isinstance(value, Mapping):
            yield from flat(value, below)
        else:
            yield below, f"{value:.4g}" if isinstance(value, float) else str(value)
