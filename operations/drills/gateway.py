"""``python -m operations.drills.gateway FILE``: serves as ``gatewright serve`` does, until its standard input ends."""

import os
import sys
from pathlib import Path

from gateway.config.checking import ConfigurationError
from gateway.config.reading import read_settings
from gateway.telemetry.logs import Log
from operations.serve.lifeline import end_with_input
from operations.serve.running import run
from operations.serve.sockets import CannotStart


def main() -> int:
    end_with_input(sys.stdin.fileno())  # however its drill ends, nothing of it stays behind
    try:
        settings = read_settings(Path(sys.argv[1]))
        return run(settings, Log(sys.stderr, settings.log_level, process="supervisor", pid=os.getpid()))
    except (CannotStart, ConfigurationError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
