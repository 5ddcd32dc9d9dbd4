"""Command lines as the program reads them, without running them."""

import click

from operations.cli import main


def parse(words: list[str]) -> None:
    """Reads a command line as the program would and runs nothing; raises click.ClickException where it would not."""
    command: click.Command = main
    context = command.make_context("gatewright", words)
    while isinstance(command, click.Group):
        rest = [*getattr(context, "_protected_args", ()), *context.args]  # click 8 keeps the name apart
        name, found, words = command.resolve_command(context, rest)
        assert found is not None
        command, context = found, found.make_context(name, words, parent=context)
