"""Proofs that stand alone: that a record is under a checkpoint, and that the log of a later one holds an earlier one's.

A proof is a JSON document, checked with the public key alone. Hashes are in hexadecimal.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from operations.audit import log_store
from operations.audit.canonical import StoredForm
from operations.audit.checkpoint import Checkpoint, checkpoint_of, segment_of
from operations.audit.merkle import (
    consistency_proof,
    inclusion_proof,
    is_consistent,
    is_included,
    leaf_hash,
)
from operations.store.tables import act, exchange, signal


class NoProof(Exception):
    """There is nothing to prove, or what was given proves nothing; the message says why."""


def proof_of(connection: Connection, identity: str) -> dict[str, Any]:
    """The proof that a record (an exchange's or signal's id, or ``act/NUMBER``) is under a checkpoint, the first one
    that signs it. Raises NoProof."""
    writer, sequence, record = _record(connection, identity)
    segment = log_store.segment_with(connection, writer, sequence)
    checkpoint = log_store.checkpoint_over(connection, segment.number) if segment else None
    if segment is None or checkpoint is None:
        raise NoProof(f"{identity} is not sealed yet: the next checkpoint does it")
    sealed = log_store.leaves(connection, segment)
    index = [number for number, _ in sealed].index(sequence)
    log = [one.leaf() for one in log_store.segments(connection, 0, checkpoint.size)]
    return {
        "proves": "inclusion", "record": record.decode(),
        "index": index, "path": _hex(inclusion_proof([digest for _, digest in sealed], index)),
        "segment": segment.told(), "log_path": _hex(inclusion_proof(log, segment.number)),
        "checkpoint": checkpoint.told()}


def _record(connection: Connection, identity: str) -> tuple[str, int, bytes]:
    number = identity.removeprefix("act/")
    tables = (exchange, signal) if number == identity else (act,)
    for table in tables if number.isascii() and (number == identity or number.isdigit()) else ():
        form = StoredForm(table)
        wanted: Any = identity if number == identity else int(number)
        row = connection.execute(select(table.c.writer, table.c.sequence, table.c.previous, *form.columns).where(
            table.c.id == wanted)).first()
        if row is not None:
            return row[0], row[1], form.bytes_of(tuple(row[3:]), row[2])
    raise NoProof(f"there is no record {identity!r}")


def growth(connection: Connection, before: int, after: int) -> dict[str, Any]:
    """The proof that the log of one checkpoint is the beginning of a later one's. Raises NoProof."""
    old, new = (log_store.checkpoint_numbered(connection, number) for number in (before, after))
    if old is None or new is None:
        raise NoProof(f"there is no checkpoint {before if old is None else after}")
    if old.size > new.size:
        raise NoProof(f"checkpoint {before} signs more segments than {after}: give the earlier one first")
    log = [one.leaf() for one in log_store.segments(connection, 0, new.size)]
    return {"proves": "consistency", "before": old.told(), "after": new.told(),
            "path": _hex(consistency_proof(log, old.size))}


def _hex(path: Sequence[bytes]) -> list[str]:
    return [one.hex() for one in path]


def checked(proof: Any, keys: Sequence[bytes]) -> str:
    """What a proof proves, in a sentence; raises NoProof where it does not."""
    try:
        if proof["proves"] == "inclusion":
            return _included(proof, keys)
        if proof["proves"] == "consistency":
            return _grown(proof, keys)
    except (KeyError, TypeError, ValueError, AttributeError, msgspec.ValidationError) as error:
        raise NoProof(
            f"expected a proof as gatewright audit proof makes it ({type(error).__name__}: {error})") from None
    raise NoProof(f"expected a proof of inclusion or consistency, found one of {proof['proves']!r}")


def _included(proof: dict[str, Any], keys: Sequence[bytes]) -> str:
    segment, checkpoint = segment_of(proof["segment"]), _signed(proof["checkpoint"], keys)
    leaf = leaf_hash(proof["record"].encode())
    if not is_included(leaf, proof["index"], segment.count, _bytes(proof["path"]), segment.root):
        raise NoProof("the record is not in the segment: it, or its path, was changed")
    if not is_included(segment.leaf(), segment.number, checkpoint.size, _bytes(proof["log_path"]), checkpoint.root):
        raise NoProof("the segment is not under the checkpoint: it, or its path, was changed")
    told = msgspec.json.decode(proof["record"])
    return (f"{told['record']} {told['id']}, record {told['sequence']} of {told['writer']}, is as it was sealed by "
            f"checkpoint {checkpoint.number}")


def _grown(proof: dict[str, Any], keys: Sequence[bytes]) -> str:
    old, new = _signed(proof["before"], keys), _signed(proof["after"], keys)
    if not is_consistent(old.size, old.root, new.size, new.root, _bytes(proof["path"])):
        raise NoProof(f"the log of checkpoint {new.number} is not a continuation of that of {old.number}")
    return f"all {old.size} segments of checkpoint {old.number} are the first of checkpoint {new.number}'s {new.size}"


def _signed(told: dict[str, Any], keys: Sequence[bytes]) -> Checkpoint:
    checkpoint = checkpoint_of(told)
    if not any(checkpoint.is_of(key) for key in keys):
        raise NoProof(f"checkpoint {checkpoint.number} is not signed by the key that was given")
    return checkpoint


def _bytes(path: Sequence[str]) -> list[bytes]:
    return [bytes.fromhex(one) for one in path]
