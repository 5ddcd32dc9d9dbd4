"""`python -m loadtests`: Locust with our file, a report where none is named, and help that shows our options too."""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent


def locust_arguments(given: Sequence[str], *, stamp: str) -> list[str]:
    """What Locust is given: our file before it, and for a headless run a report in loadtests/reports."""
    report = HERE / "reports" / f"{stamp}.html"
    reported = any(argument.split("=")[0] == "--html" for argument in given)
    wanted = ["--html", str(report)] if "--headless" in given and not reported else []
    return ["-f", str(HERE / "locustfile.py"), *given, *wanted]


def show_help() -> None:
    """Locust's help with ours in it. Its own command prints it before it has read our file."""
    from locust import events  # type: ignore[import-not-found]
    from locust.argument_parser import get_parser  # type: ignore[import-not-found]

    from loadtests import options

    events.init_command_line_parser.add_listener(options.add)
    get_parser().print_help()


def main(given: Sequence[str]) -> None:
    """Becomes Locust: its exit status is ours."""
    if "-h" in given or "--help" in given:
        show_help()
        return
    (HERE / "reports").mkdir(exist_ok=True)
    arguments = locust_arguments(given, stamp=time.strftime("%Y%m%d-%H%M%S"))
    os.execv(sys.executable, [sys.executable, "-m", "locust", *arguments])


if __name__ == "__main__":
    main(sys.argv[1:])
