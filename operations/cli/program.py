"""The list of commands. Each is imported only when it is called: ``serve`` needs little of what the others need."""

from importlib import import_module
from typing import Any

import click

_COMMANDS = {
    "demo": ("demo", "demo"),
    "serve": ("serving", "serve"),
    "check": ("checking", "check"),
    "plan": ("changes", "plan"),
    "apply": ("changes", "apply"),
    "rollback": ("changes", "rollback"),
    "history": ("revisions", "history"),
    "diff": ("revisions", "diff"),
    "show-revision": ("revisions", "show_revision"),
    "explain": ("exchanges", "explain"),
    "revision": ("revisions", "revision"),
    "exchange": ("exchanges", "exchange"),
    "feedback": ("feedback", "feedback"),
    "worker": ("workers", "worker"),
    "act": ("acts", "act"),
    "audit": ("audit", "audit"),
    "backup": ("backups", "backup"),
    "drill": ("drills", "drill"),
    "key": ("keys", "key"),
    "cache": ("cache", "cache"),
    "batch": ("batches", "batch"),
    "guard": ("guards", "guard"),
    "content": ("contents", "content"),
    "erase": ("erasures", "erase"),
    "erasure": ("erasures", "erasure"),
    "hold": ("holds", "hold"),
    "retention": ("retention", "retention"),
    "export": ("exports", "export"),
}

_EPILOG = """\b
See it work:
  gatewright demo
\b
Run it, and send it a change:
  gatewright check --config gatewright.yaml
  gatewright serve --config gatewright.yaml
  gatewright plan routing.yaml
  gatewright apply routing.yaml --reason "send a tenth to smol-2"
  gatewright rollback --reason "smol-2 is slow"
\b
Ask why a reply was what it was (its x-request-id):
  gatewright explain 019ab3c4
\b
Destroy, or hand over, what is kept of somebody:
  gatewright erase --subject jo@example.org --tenant retail --reason "asked to be forgotten"
  gatewright export --subject jo@example.org --tenant retail --out jo.jsonl --reason "asked for it"
\b
Try a guard out, on one text or on rows:
  gatewright guard test "write to jo@example.org"
  gatewright guard evaluate --data rows.jsonl
\b
Exit status: 0 done; 1 invalid, refused or out of reach; 2 wrong usage; 3 a guard blocks the text, the policy may not be
promoted, or scores have drifted; 130 stopped by Ctrl-C.
"""


class LazyGroup(click.Group):
    """A group whose commands are imported by name."""

    def __init__(self, *args: Any, commands_at: dict[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._commands_at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._commands_at)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._commands_at:
            return None
        module, name = self._commands_at[cmd_name]
        command: click.Command = getattr(import_module(f"operations.cli.{module}"), name)
        return command


@click.command(cls=LazyGroup, commands_at=_COMMANDS, epilog=_EPILOG,
               context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gatewright", prog_name="gatewright")
def main() -> None:
    """Gatewright: the inference gateway that keeps the models behind it in repair."""
