"""``gatewright demo`` with a scripted model and scripted workers. Arguments: folder, port, admin port, and ``fail``."""

import sys
from collections.abc import Sequence
from pathlib import Path

from operations.demo import words
from operations.demo.files import Places
from operations.demo.model import ModelEnded
from operations.demo.run import places, run
from operations.serve.sockets import CannotStart
from operations.serve.supervisor import Programs

WORKERS = Programs(worker=(sys.executable, "-m", "tests.operations.scripted_worker"))


def main() -> int:
    folder, port, admin_port, *more = sys.argv[1:]

    def model_command(ports: Sequence[int]) -> list[str]:
        return [sys.executable, "-m", "tests.operations.scripted_model", *map(str, ports), *more]

    def say_ready(where: Places) -> None:
        told = words.ready(f"http://{where.listen}/v1", f"http://{where.admin}", f"{folder}/routing.yaml", "log")
        sys.stdout.write(told)
        sys.stdout.flush()

    try:
        return run(Path(folder), places(int(port), int(admin_port)), say_ready, model_command, WORKERS)
    except (CannotStart, ModelEnded) as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
