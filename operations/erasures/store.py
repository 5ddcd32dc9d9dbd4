"""The SQL of erasing."""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, and_, delete, insert, literal, or_, select

from operations.audit.act import Act
from operations.audit.pruning import prune
from operations.content.store import OWN, lock_subjects, overwrite_deleted, own_subject
from operations.erasures.report import Destroyed, Report, Signed, Target, verified
from operations.store.tables import content, erasure, exchange, signal, subject_key

FEEDBACK = "feedback"
_SHOWN = [column for column in erasure.columns if column.name != "signed"]


def found(connection: Connection, target: Target, before: float | None = None) -> Destroyed:
    """What there is of a target; with ``before``, of that which is older than that moment."""
    keys = list(connection.scalars(select(subject_key.c.id).where(_keys(target, before)).order_by(subject_key.c.id)))
    rows = connection.execute(select(content.c.id, content.c.size).where(
        contents_of(target, before)).order_by(content.c.id)).all()
    return Destroyed(keys=keys, contents=[row.id for row in rows], content_bytes=sum(row.size for row in rows),
                     comments=written(connection, target, before))


def destroy(connection: Connection, target: Target, act: Act, before: float | None = None) -> Destroyed:
    """Destroys it: the keys, what was under them, and what people wrote. ``act`` tells of the last, which are records
    of the ledger; those that no checkpoint seals yet are left for ``prune_comments``."""
    lock_subjects(connection)
    overwrite_deleted(connection)
    told = found(connection, target, before)
    _delete(connection, content, told.contents)
    _delete(connection, subject_key, told.keys)
    prune_comments(connection, told.comments, act)
    return told


def prune_comments(connection: Connection, ids: list[str], act: Act) -> int:
    """Deletes signals that people wrote, as far as their chains allow; returns how many."""
    return sum(prune(connection, signal, ids[first : first + 1000], act) for first in range(0, len(ids), 1000))


def of_subject(target: Target) -> list[ColumnElement[bool]]:
    """The exchanges of a subject. That it is not empty goes without saying, but not for the index."""
    return [exchange.c.tenant == target.tenant, exchange.c.subject == target.subject, exchange.c.subject != ""]


def written(connection: Connection, target: Target, before: float | None = None) -> list[str]:
    """The signals in which people wrote something about a target's exchanges; with ``before``, until then."""
    whose = exchange.c.id == target.exchange if target.exchange else and_(*of_subject(target))
    about = select(signal.c.id, signal.c.body).join(exchange, exchange.c.id == signal.c.exchange_id)
    rows = connection.execute(about.where(
        whose, exchange.c.tenant == target.tenant, signal.c.kind == FEEDBACK,
        *([] if before is None else [signal.c.at <= before])))
    return [row.id for row in rows if row.body.get("comment") or isinstance(row.body.get("value"), str)]


def _delete(connection: Connection, table: Table, ids: list[str]) -> None:
    for first in range(0, len(ids), 500):
        connection.execute(delete(table).where(table.c.id.in_(ids[first : first + 500])))


def contents_of(target: Target, before: float | None = None) -> ColumnElement[bool]:
    """Comments on a subject's exchanges are its own, also where they came before their exchange was known."""
    if target.exchange:
        whose = content.c.exchange_id == target.exchange
    else:
        exchanges = select(exchange.c.id).where(*of_subject(target))
        whose = or_(content.c.subject == target.subject, content.c.exchange_id.in_(exchanges))
    clauses = [content.c.tenant == target.tenant, whose]
    return and_(*clauses, *([] if before is None else [content.c.started_at <= before]))


def _keys(target: Target, before: float | None) -> ColumnElement[bool]:
    """The keys under which nothing else is: of one exchange, those that are its own."""
    if target.exchange:
        whose = subject_key.c.subject == own_subject(target.exchange)
    else:
        own = select(literal(OWN) + exchange.c.id).where(*of_subject(target))
        whose = or_(subject_key.c.subject == target.subject, subject_key.c.subject.in_(own))
    clauses = [subject_key.c.tenant == target.tenant, whose]
    return and_(*clauses, *([] if before is None else [subject_key.c.created_at <= before]))


def content_ids(connection: Connection, target: Target, after: str, limit: int) -> list[str]:
    """What would be erased, in the order of ids: the next ones beyond ``after``."""
    query = select(content.c.id).where(contents_of(target), content.c.id > after).order_by(content.c.id)
    return list(connection.scalars(query.limit(limit)))


def add(connection: Connection, report: Report, signed: Signed) -> bool:
    """Keeps a report; False where it is there already."""
    if connection.scalar(select(erasure.c.id).where(erasure.c.id == report.id)) is not None:
        return False
    target = report.target
    connection.execute(insert(erasure).values(
        id=report.id, at=report.at_seconds, tenant=target.tenant, subject=target.subject,
        exchange_id=target.exchange, actor=report.actor, reason=report.reason,
        signed=msgspec.json.encode(signed).decode()))
    return True


def destroy_keys(connection: Connection, ids: list[str]) -> None:
    """Destroys keys by their ids, whatever they are under."""
    _delete(connection, subject_key, ids)


def newest(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """The newest erasures, newest first, without their reports."""
    query = select(*_SHOWN).order_by(erasure.c.at.desc(), erasure.c.id).limit(limit)
    return [dict(row) for row in connection.execute(query).mappings()]


def signed_report(connection: Connection, erasure_id: str) -> str | None:
    told: str | None = connection.scalar(select(erasure.c.signed).where(erasure.c.id == erasure_id))
    return told


def since(connection: Connection, at: float) -> list[Report]:
    """The erasures from then on."""
    return [verified(told) for told in connection.scalars(select(erasure.c.signed).where(erasure.c.at >= at))]


def reports_about(connection: Connection, tenant: str, subject: str) -> list[str]:
    """The signed reports about a subject."""
    return list(connection.scalars(select(erasure.c.signed).where(
        erasure.c.tenant == tenant, erasure.c.subject == subject).order_by(erasure.c.at)))


def all_signed(connection: Connection) -> dict[str, str]:
    """Every signed report by its id."""
    return {row.id: row.signed for row in connection.execute(
        select(erasure.c.id, erasure.c.signed).order_by(erasure.c.at))}
