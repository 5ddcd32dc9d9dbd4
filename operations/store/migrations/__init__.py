"""The way from an older database to the tables of this release, one step a file, by Alembic."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, select, text
from sqlalchemy.sql import column, table

HEAD = "0011"
_LOCK = 0x67617465  # known to every host of one database, and to nobody else
_LOCK_SECONDS = 10.0


def migrate(engine: Engine) -> None:
    """Brings the database to this release's tables; raises SQLAlchemyError, also for one of a later release."""
    if _version(engine) != HEAD:
        _upgrade(engine)


def _version(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        version: str | None = connection.scalar(select(column("version_num")).select_from(table("alembic_version")))
        return version


def _upgrade(engine: Engine) -> None:
    # Alembic costs 0.3 s to import: only a database that needs it pays.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError
    from sqlalchemy.exc import InvalidRequestError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    with engine.begin() as connection:
        _be_the_one(connection)
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, HEAD)
        except CommandError as error:
            raise InvalidRequestError(f"the database is of another release: {error}") from None


def _be_the_one(connection: Connection) -> None:
    """Hosts start together: one brings the database up to date, the others wait and find it done."""
    if connection.dialect.name == "postgresql":  # on SQLite whoever writes is alone
        from operations.store.postgresql import take_your_time
        take_your_time(connection, _LOCK_SECONDS)
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
