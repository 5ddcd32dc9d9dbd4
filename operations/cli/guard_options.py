"""What the commands about guards have in common."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from time import perf_counter_ns
from typing import Any, TypeVar, get_args

import click

from gateway.config.checking import ConfigurationError, Problem
from gateway.config.reading import read_settings
from gateway.detectors import detectors_with
from guardrails.classifiers.builtin import NAMES, requirements_of
from guardrails.classifiers.in_process import InProcess
from guardrails.classifiers.settings import BuiltIn
from guardrails.compiling import Catalogue, UnusableRule, maker_of
from guardrails.detectors.catalogue import asks_transformer
from guardrails.evaluation.examiner import Examiner
from guardrails.guard import Side
from guardrails.policy import Rule, rules_of
from operations.cli.output import fail, fail_with_problems
from operations.guards import drawing
from operations.guards.policies import NamedPolicy, PolicyUnknown, find_policy

F = TypeVar("F", bound=Callable[..., Any])

REFUSED = 3  # the exit status of a text that is blocked, and of a policy that may not be promoted

routing_option = click.option("--routing", default="routing.yaml", show_default=True, type=click.Path(path_type=Path),
                              help="The routing document with the policies; it may be missing.")
policy_option = click.option("--policy", help="A policy's name, or a YAML file with one policy.  "
                             "[default: the only one of the routing, else the built-in one, standard]")
side_option = click.option("--side", default="prompt", show_default=True, type=click.Choice(get_args(Side)),
                           help="What the application sends, or what the model answers.")


def with_catalogue(command: F) -> F:
    """Gives a command the detectors there are, first; who calls the program may hand it others."""
    @click.option("--config", default="gatewright.yaml", show_default=True, type=click.Path(path_type=Path),
                  help="The settings with the classifiers of your own; it may be missing.")
    @wraps(command)
    def with_it(config: Path, **options: Any) -> Any:
        given: Catalogue | None = click.get_current_context().obj
        return command(_detectors_by(config) if given is None else given, **options)
    return with_it  # type: ignore[return-value]


def _detectors_by(config: Path) -> Catalogue:
    """Those of the settings; where there are no settings, or none that can be used, which is told, the built-in ones.
    """
    if not config.exists():
        return detectors_with(InProcess())
    try:
        settings = read_settings(config)
    except ConfigurationError as error:
        click.echo(f"warning: {error}", err=True)
        return detectors_with(InProcess())
    return detectors_with(InProcess(settings.classifying, settings.scoring), settings.scoring)


def policy_named(wanted: str | None, routing: Path, as_json: bool) -> NamedPolicy:
    """The policy; where there is none of that name, or where it cannot be read, the command ends."""
    try:
        return find_policy(wanted, routing)
    except PolicyUnknown as error:
        fail(str(error), as_json, code="policy_not_found")
    except ConfigurationError as error:
        fail_with_problems([error], as_json)


def examiner_of(found: NamedPolicy, side: Side, catalogue: Catalogue, as_json: bool) -> Examiner:
    """One side of a policy made ready. Detectors that are not there are told on standard error."""
    for name, rule in rules_of(getattr(found.policy, side)):
        if maker_of(catalogue, name) is None:
            click.echo(f"warning: policy {found.name}: there is no detector {name}; its rule judges nothing", err=True)
        elif (built_in := _asked_by(name, rule)) and (lacking := requirements_of(built_in).missing()):
            click.echo(f"warning: policy {found.name}: {name} fails for want of {', '.join(lacking)}: "
                       f"{requirements_of(built_in).remedy}", err=True)
    try:
        return Examiner(found.name, found.policy, side, catalogue, perf_counter_ns)
    except UnusableRule as error:
        problem = Problem(path=error.path, expected="settings that its detector can use", found=error.reason)
        fail_with_problems([ConfigurationError(found.origin or found.name, [problem])], as_json)


def _asked_by(guard: str, rule: Rule) -> BuiltIn | None:
    """The built-in classifier that the guard asks, if any."""
    if asks_transformer(rule):
        return "safety"
    return next((name for name in NAMES if guard in (name, f"classifiers.{name}")), None)


def prepare_plots(folder: Path, as_json: bool) -> None:
    """Makes the folder for pictures; where that cannot be, the command ends before it measures anything."""
    try:
        drawing.prepare(folder)
    except drawing.PlotsUnavailable as error:
        fail(str(error), as_json, code="plots_unavailable")
    except OSError as error:
        fail(f"{folder} is no folder to draw into: {error.strerror}", as_json, code="plots_unwritable")
