"""Which backups are kept, and when the next one is due: rules without a clock of their own."""

from collections.abc import Sequence

from gateway.config.settings import Backups
from operations.backups.folder import Backup

_GRACE = 0.1  # of the interval: a backup takes its time, and may have to be tried again
_JITTER = 0.02


def superfluous(backups: Sequence[Backup], rule: Backups, now: float) -> list[Backup]:
    """Those of ``backups``, the newest first and all of one database, that the rule does not keep.

    Kept is what is among the newest ``keep``, and what is younger than ``keep_for``. The newest was read back a moment
    ago; it is always kept.
    """
    return [one for place, one in enumerate(backups)
            if place >= rule.keep and not (rule.keep_for and now - _made_at(one) < rule.keep_for)]


def _made_at(backup: Backup) -> float:
    return backup.manifest.created_at if backup.manifest else 0.0


def due_at(newest_at: float | None, every: float, fraction: float) -> float:
    """When the next backup, or drill, is due: at once where there is none. ``fraction``, of [0, 1), spreads hosts that
    were started together over a fiftieth of the interval."""
    return 0.0 if newest_at is None else newest_at + every * (1 + _JITTER * fraction)


def is_missed(newest_at: float | None, every: float, now: float) -> bool:
    """True where what was due has not come, a tenth of the interval past its time."""
    return newest_at is None or now > newest_at + every * (1 + _GRACE)
