"""What the database knows of backups: the acts about them."""

from typing import Any

from sqlalchemy import Connection, select

from operations.audit.act import Act
from operations.backups.folder import Backup
from operations.store.tables import act

CREATED, DELETED, RESTORED = "backup.create", "backup.delete", "backup.restore"
_LOOKED_AT = 50


def created(backup: Backup, at: float, reason: str, actor: str, seconds: float) -> Act:
    """The act of a backup that was made, and read back."""
    manifest = backup.manifest
    assert manifest is not None
    return Act(at=at, kind=CREATED, actor=actor, reason=reason, about=manifest.id, details={
        "created_at": manifest.created_at, "host": manifest.host, "source": manifest.source, "bytes": backup.bytes,
        "seconds": round(seconds, 3), "newest_at": manifest.newest_at, "revision": manifest.revision,
        "key": manifest.key})


def deleted(backup: Backup, at: float, reason: str, actor: str) -> Act:
    return Act(at=at, kind=DELETED, actor=actor, reason=reason, about=backup.path.name.partition(".")[0])


def made_elsewhere(connection: Connection, host: str) -> float:
    """When the newest backup was made that another host tells of; 0 where none does. Its folder may be its own."""
    query = select(act.c.details).where(act.c.kind == CREATED).order_by(act.c.at.desc()).limit(_LOOKED_AT)
    told: list[dict[str, Any]] = list(connection.scalars(query))
    return max((float(one["created_at"]) for one in told if one.get("host") not in ("", host)), default=0.0)
