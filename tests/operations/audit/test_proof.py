"""Proofs that stand alone: of one record under a checkpoint, and of a log that only grew."""

import copy
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gateway.telemetry.logs import Log
from operations.audit.proof import NoProof, checked, growth, proof_of
from operations.secrets.signing import Signer
from operations.store.database import Database
from tests.operations.audit.audited import SIGNER, W0, Audited, exchange_of

KEYS = [SIGNER.public]


@pytest.fixture
async def audited(database_url: str, tmp_path: Path, log: Log) -> AsyncIterator[Audited]:
    made = Audited(database_url, tmp_path / "place", log)
    await made.rounds(3)
    yield made
    made.close()


async def prove(database: Database, identity: str) -> dict[str, Any]:
    return await database.run(partial(proof_of, identity=identity))


async def test_any_sealed_record_can_be_proven(audited: Audited) -> None:
    for identity, named in ((exchange_of(W0, 1).id, f"record 1 of {W0}"), (exchange_of(W0, 29).id, "checkpoint 3"),
                            (f"s{W0}15", "signal"), ("act/2", "record 2 of acts")):
        assert named in checked(await prove(audited.database, identity), KEYS)


async def test_what_is_not_sealed_or_not_there_has_no_proof(audited: Audited) -> None:
    for identity in (exchange_of(W0, 31).id, "nobody", "act/99", "act/x"):
        with pytest.raises(NoProof):
            await prove(audited.database, identity)


async def test_a_proof_with_anything_changed_is_none(audited: Audited) -> None:
    proof = await prove(audited.database, exchange_of(W0, 13).id)
    for path, value in (
        (("record",), proof["record"].replace("answered", "refused")), (("index",), 1), (("path", 0), "00" * 32),
        (("segment", "count"), 9), (("segment", "root"), "00" * 32), (("log_path", 0), "00" * 32),
        (("checkpoint", "size"), 9), (("checkpoint", "root"), "00" * 32), (("checkpoint", "at"), 1.0),
        (("checkpoint", "signature"), "AAAA"), (("proves",), "nothing"), (("checkpoint",), None), (("path",), ["x"]),
    ):
        changed = copy.deepcopy(proof)
        place: Any = changed
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        with pytest.raises(NoProof):
            checked(changed, KEYS)
    with pytest.raises(NoProof, match="not signed by the key"):
        checked(proof, [Signer(b"x" * 32).public])
    for nonsense in (None, [], {}, "x"):
        with pytest.raises(NoProof):
            checked(nonsense, KEYS)


async def test_a_changed_record_cannot_be_proven(audited: Audited) -> None:
    await audited.tamper("update exchange set outcome = 'refused' where id = :id", id=exchange_of(W0, 13).id)
    proof = await prove(audited.database, exchange_of(W0, 13).id)
    with pytest.raises(NoProof, match="the record is not in the segment"):
        checked(proof, KEYS)


async def test_a_log_that_grew_is_proven(audited: Audited) -> None:
    for before in range(1, 4):
        for after in range(before, 4):
            proof = await audited.database.run(partial(growth, before=before, after=after))
            assert f"checkpoint {before}" in checked(proof, KEYS)
    proof = await audited.database.run(partial(growth, before=1, after=3))
    with pytest.raises(NoProof, match="not a continuation"):
        checked({**proof, "path": proof["path"][1:]}, KEYS)
    for pair in ((3, 1), (1, 9)):
        with pytest.raises(NoProof):
            await audited.database.run(partial(growth, before=pair[0], after=pair[1]))
