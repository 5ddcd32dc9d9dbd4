"""``gatewright serve`` with scripted workers in the data workers' place."""

import os
import sys
from pathlib import Path

from gateway.config.checking import ConfigurationError
from gateway.config.reading import read_settings
from gateway.telemetry.logs import Log
from operations.serve.running import run
from operations.serve.sockets import CannotStart
from operations.serve.supervisor import Programs


def main() -> int:
    settings = read_settings(Path(sys.argv[1]))
    programs = Programs(worker=(sys.executable, "-m", "tests.operations.scripted_worker"))
    try:
        return run(settings, Log(sys.stderr, settings.log_level, process="supervisor", pid=os.getpid()), programs)
    except (CannotStart, ConfigurationError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
