"""How far a training is: a bar on a terminal, plain lines everywhere else. Both on standard error."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from operations.guards.training import Step

_SECONDS_BETWEEN_LINES = 10.0


class Shown(Protocol):
    def show(self, name: str, step: Step) -> None: ...


class Bars:
    """A bar for each model, with its loss and the time that is left."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, object] = {}

    def show(self, name: str, step: Step) -> None:
        told = {"description": f"{name}: {step.step}", "total": step.total, "completed": step.done,
                "loss": loss(step), "left": left(step)}
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(**told)  # type: ignore[arg-type]
        else:
            self._progress.update(self._tasks[name], **told)  # type: ignore[arg-type]


class Lines:
    """A line where a step begins, where all is done, and every ten seconds between."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._step = ""
        self._told_at = 0.0

    def show(self, name: str, step: Step) -> None:
        whose, now = f"{name}: {step.step}", self._clock()
        if whose == self._step and step.done < step.total and now - self._told_at < _SECONDS_BETWEEN_LINES:
            return
        self._step, self._told_at = whose, now
        click.echo("  ".join(filter(None, (whose, f"{step.done}/{step.total}", loss(step), left(step)))), err=True)


def shown_on(console: Console, clock: Callable[[], float]) -> tuple[AbstractContextManager[object], Shown]:
    """What to open while it is shown, and where to show it."""
    if not console.is_terminal:
        return nullcontext(), Lines(clock)
    progress = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
                        TextColumn("{task.fields[loss]}"), TextColumn("{task.fields[left]}"), console=console)
    return progress, Bars(progress)


def loss(step: Step) -> str:
    return "" if step.loss is None else f"loss {step.loss:.4f}"


def left(step: Step) -> str:
    """The time that is left, where it can be told."""
    seconds = step.seconds_left
    if seconds is None or step.done >= step.total:
        return ""
    return f"{seconds:.0f} s left" if seconds < 120 else f"{seconds / 60:.0f} min left"
