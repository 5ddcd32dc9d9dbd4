"""A script of training that learns nothing: it says what such scripts say, and ends as the data's `behaviour` has it.

Run as ``guardrails.training.NAME`` by a child process that finds this file there: see ``test_guard_training``.
"""

import argparse
import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Any


def say(**told: Any) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser()
    for name in ("--data", "--out", "--teacher"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--device", default="")
    given = parser.parse_args()
    behaviour = (given.data / "behaviour").read_text()
    sys.stderr.write("a warning of a library\n")
    sys.stdout.write("reading\n")
    for done in range(1, 4):
        say(step="epoch 1" if done < 3 else "epoch 2", done=done, total=3, loss=1 / done, seconds=done * 1.0)
    if behaviour == "waits":
        time.sleep(60)
    if behaviour == "fails":
        raise ValueError("no row can be read")
    if behaviour == "is silent":
        return 0
    given.out.mkdir(parents=True, exist_ok=True)
    bound = f" {given.minutes} minutes" if given.minutes else ""
    bound += f" on {given.device}" if given.device else ""
    (given.out / "weights").write_bytes(f"{given.seed} {given.teacher}{bound}".encode())
    digest = hashlib.sha256((given.out / "weights").read_bytes()).hexdigest()
    (given.out / f"{given.out.name}.json").write_text(json.dumps({"file": "weights", "sha256": digest}))
    say(written=str(given.out), sha256="0" * 64 if behaviour == "lies" else digest,
        figures={"toxicity": {"auprc": 0.81234}, "rows": 12})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
