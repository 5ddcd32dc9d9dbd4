"""``python -m operations.drills``: one drill on the newest backup, started, and ended, by the control process."""

import os
import signal
import socket
import sys
from pathlib import Path
from types import FrameType

from gateway.telemetry.logs import Log
from operations.backups.databases import source_of
from operations.backups.folder import Folder
from operations.backups.joined import REAPPLY, chain_under
from operations.drills import evidence
from operations.drills.drill import Drill
from operations.secrets.master import master_key
from operations.serve.lifeline import end_with_input, read_settings
from operations.store.database import DatabaseAway

_ACTOR, _REASON = "gatewright", "it was due"


def main() -> int:
    os.umask(0o077)
    signal.signal(signal.SIGTERM, _leave)
    settings = read_settings(sys.stdin.fileno())
    end_with_input(sys.stdin.fileno())
    log = Log(sys.stderr, settings.log_level, process="drill", pid=os.getpid())
    assert settings.backups is not None
    host, state = socket.gethostname(), Path(settings.state)
    found = Folder(Path(settings.backups.to)).of(source_of(settings.database, host))
    if not found:
        log.error("drill_failed", problem="there is no backup")
        return 1
    key = master_key(os.environ, state)
    report = Drill(settings, key, host, chain=chain_under(key), reapply=REAPPLY).run(found[0].path, _ACTOR, _REASON)
    try:
        evidence.file(report, key, state, settings.database, _ACTOR, _REASON)
    except (OSError, DatabaseAway) as error:
        log.error("drill_not_on_record", drill=report.id, error=str(error))
    (log.info if report.passed else log.error)(
        "drill_passed" if report.passed else "drill_failed", drill=report.id, backup=report.backup,
        step=report.failed_step, problem=report.problem, recovery_seconds=report.recovery_seconds,
        recovery_point_seconds=report.recovery_point_seconds)
    return 0 if report.passed else 1


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(1)  # what was made is removed on the way out


if __name__ == "__main__":
    sys.exit(main())
