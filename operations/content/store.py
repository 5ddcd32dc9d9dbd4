"""The SQL of what is kept."""

from collections.abc import Iterable, Sequence, Set
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, delete, insert, or_, select, text

from gateway.content.item import Item
from operations.content.vault import Vault, WrappedKey
from operations.store.tables import content, erasure, exchange, subject_key

_LOCK = 0x6761746577  # of everybody who adds or removes a subject's content, on any host
OWN = "exchange:"
_KEYS = select(subject_key.c.id, subject_key.c.wrapped_by, subject_key.c.wrapped)
_SHOWN = [column for column in content.columns if column.name != "sealed"]


class Stored(msgspec.Struct):
    """What became of items: ``erased`` and ``expired`` ones are not stored."""

    stored: int = 0
    erased: int = 0
    expired: int = 0


def own_subject(exchange_id: str) -> str:
    """The subject of an exchange that named nobody: it can be erased too, by itself."""
    return OWN + exchange_id


def lock_subjects(connection: Connection) -> None:
    """Until the transaction ends nobody else adds or removes content. SQLite has one writer as it is."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def overwrite_deleted(connection: Connection) -> None:
    """On SQLite, what is deleted from here on is overwritten: no page keeps it that is free now."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete=ON")


def keep(connection: Connection, vault: Vault, items: Sequence[Item], now: float) -> Stored:
    """Stores items, each once and under its subject's key; not those that were erased, or have expired, meanwhile."""
    lock_subjects(connection)
    live = [item for item in items if item.until > now]
    subjects = _subjects_of(connection, live)
    gone = _erased(connection, live, subjects)
    known = set(connection.scalars(select(content.c.id).where(content.c.id.in_([item.id for item in live]))))
    new = {item.id: item for item in live if item.id not in gone | known}
    owners = {(item.tenant, subjects[item.id]) for item in new.values()}
    keys = _keys_of(connection, vault, owners, now)
    rows = [_row(vault, item, subjects[item.id], *keys[item.tenant, subjects[item.id]]) for item in new.values()]
    if rows:
        connection.execute(insert(content), rows)
    return Stored(len(rows), len(gone), len(items) - len(live))


def _subjects_of(connection: Connection, items: Iterable[Item]) -> dict[str, str]:
    """By item: what its exchange has, where a signal came without."""
    unnamed = {item.exchange for item in items if not item.subject and item.id != item.exchange}
    rows = connection.execute(select(exchange.c.id, exchange.c.subject).where(exchange.c.id.in_(unnamed)))
    known = {row.id: row.subject for row in rows} if unnamed else {}
    return {item.id: item.subject or known.get(item.exchange) or own_subject(item.exchange) for item in items}


def _erased(connection: Connection, items: Sequence[Item], subjects: dict[str, str]) -> set[str]:
    """The items that were kept before their subject, or they themselves, were erased."""
    about = {subjects[item.id] for item in items}, {item.exchange for item in items}
    query = select(erasure.c.at, erasure.c.tenant, erasure.c.subject, erasure.c.exchange_id).where(or_(
        and_(erasure.c.subject.in_(about[0]), erasure.c.exchange_id == ""), erasure.c.exchange_id.in_(about[1])))
    rows = connection.execute(query).all() if items else []
    return {item.id for item in items for row in rows
            if item.started_at <= row.at and item.tenant == row.tenant
            and (row.exchange_id == item.exchange or (not row.exchange_id and row.subject == subjects[item.id]))}


def _keys_of(connection: Connection, vault: Vault, owners: Set[tuple[str, str]],
             now: float) -> dict[tuple[str, str], tuple[str, bytes]]:
    """Each owner's key, by its id and as it is; made where there is none."""
    rows = connection.execute(_KEYS.add_columns(subject_key.c.tenant, subject_key.c.subject).where(
        subject_key.c.subject.in_({subject for _, subject in owners}), subject_key.c.wrapped_by == vault.id))
    keys = {(tenant, subject): (wrapped[0], vault.unwrapped(WrappedKey(*wrapped), tenant, subject))
            for *wrapped, tenant, subject in rows if (tenant, subject) in owners}
    made = {owner: vault.new_key(*owner) for owner in sorted(owners - keys.keys())}
    if made:
        connection.execute(insert(subject_key), [
            {"tenant": tenant, "subject": subject, "created_at": now, **wrapped._asdict()}
            for (tenant, subject), (wrapped, _) in made.items()])
    return keys | {owner: (wrapped.id, key) for owner, (wrapped, key) in made.items()}


def _row(vault: Vault, item: Item, subject: str, key_id: str, key: bytes) -> dict[str, Any]:
    return {"id": item.id, "exchange_id": item.exchange, "tenant": item.tenant, "subject": subject,
            "retention": item.retention, "key_id": key_id, "started_at": item.started_at, "until": item.until,
            "size": len(item.body), "sealed": vault.encrypted(key, item.id, item.body)}


def opened(connection: Connection, vault: Vault, item_id: str) -> tuple[dict[str, Any], bytes] | None:
    """One item's row without its bytes, and its body; None where it is not there (any more). Raises WrongMasterKey,
    Damaged."""
    row = connection.execute(select(content).where(content.c.id == item_id)).mappings().first()
    if row is None:
        return None
    told = dict(row)
    sealed = told.pop("sealed")
    key = connection.execute(_KEYS.where(subject_key.c.id == told["key_id"])).first()
    if key is None:
        return None
    return told, vault.decrypted(vault.unwrapped(WrappedKey(*key), told["tenant"], told["subject"]), item_id, sealed)


def listed(connection: Connection, limit: int, tenant: str | None = None, subject: str | None = None,
           after: str = "") -> list[dict[str, Any]]:
    """What is kept, without what it says: in the order of ids, those beyond ``after``."""
    query = select(*_SHOWN).where(content.c.id > after).order_by(content.c.id).limit(limit)
    if tenant is not None:
        query = query.where(content.c.tenant == tenant)
    if subject is not None:
        query = query.where(content.c.subject == subject)
    return [dict(row) for row in connection.execute(query).mappings()]


def drop_idle_keys(connection: Connection, before: float) -> int:
    """Destroys keys made before then under which nothing is left."""
    used = select(content.c.key_id).where(content.c.key_id == subject_key.c.id).exists()
    return connection.execute(delete(subject_key).where(~used, subject_key.c.created_at < before)).rowcount
