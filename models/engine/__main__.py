"""`python -m models.engine FILE`: runs the engine that a YAML file describes, or shows what would run."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from models.engine import Engine, EngineError, command, describe, environment, read


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs, or shows, the engine that a file describes. Returns 1 where it cannot be run."""
    parser = argparse.ArgumentParser(prog="python -m models.engine", description=main.__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--dry-run", action="store_true", help="print the command and run nothing")
    parser.add_argument("--vllm", default="vllm", metavar="PATH", help="the vllm command (default: from PATH)")
    options = parser.parse_args(arguments)
    try:
        run(read(yaml.safe_load(options.file.read_text())), options.vllm, options.dry_run)
    except (EngineError, OSError, yaml.YAMLError) as error:
        problems = error.problems if isinstance(error, EngineError) else (str(error),)
        sys.stderr.writelines(f"{options.file}: {problem}\n" for problem in problems)
        return 1
    return 0


def run(engine: Engine, program: str, dry_run: bool) -> None:
    """Shows the command and then, unless `dry_run`, becomes it."""
    sys.stdout.write(describe(engine, program, os.environ) + "\n")
    sys.stdout.flush()
    if not dry_run:
        os.execvpe(program, command(engine, program), environment(engine, os.environ))


if __name__ == "__main__":
    sys.exit(main())
