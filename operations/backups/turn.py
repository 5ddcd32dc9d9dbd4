"""Whose turn it is: of the hosts that share a PostgreSQL, one backs it up at a time."""

import contextlib
from collections.abc import Iterator

from sqlalchemy import text

from operations.backups.databases import kind_of
from operations.backups.postgresql import engine_for

_LOCK = 0x6777_6261_636B_7570  # "gwbackup", an advisory lock's number


@contextlib.contextmanager
def turn(url: str) -> Iterator[bool]:
    """True, while the block lasts, for one host; the server lets go of it with the connection."""
    if kind_of(url) == "sqlite":  # one host's alone
        yield True
        return
    with engine_for(url, isolation_level="AUTOCOMMIT").connect() as connection:
        yield bool(connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}))
