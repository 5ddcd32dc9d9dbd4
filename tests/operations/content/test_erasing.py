"""An erasure leaves no key, no content, and a signed report that outlives any restore."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from gateway.record import Signal
from operations.audit import store as acts
from operations.audit.verification import Verification
from operations.content import store
from operations.content.store import listed
from operations.erasures.reapply import FILE, append, reapply, reports_in
from operations.erasures.report import NotSigned, Signed, Target, verified
from operations.erasures.store import newest
from operations.holds import store as holds
from operations.holds.hold import Hold, UnderHold
from operations.store.database import Database
from operations.store.tables import signal, subject_key
from tests.operations.conftest import Lines
from tests.operations.content.conftest import ANN, CANARY, JO, NOW, Kept, item

TARGET = Target(tenant="shop", subject=JO)


async def ids(kept: Kept) -> list[str]:
    return await kept.database.run(lambda c: [row["id"] for row in listed(c, 100)])


async def keys(kept: Kept) -> list[str]:
    return await kept.database.run(lambda c: list(c.scalars(select(subject_key.c.subject).order_by("subject"))))


async def erase(kept: Kept, target: Target = TARGET, **more: bool) -> Signed | None:
    return (await kept.erasures.erase(target, "asked to", "ann", **more)).signed


async def test_a_subjects_key_and_content_go_and_nobody_elses(kept: Kept) -> None:
    await kept.keep(item("e1"), item("e2"), item("e3", ANN), item("e4", tenant="other"), item("e5", ""))
    signed = await erase(kept)
    assert await ids(kept) == ["e3", "e4", "e5"]
    assert await keys(kept) == [JO, ANN, "exchange:e5"], "of the other tenant's user of that name"
    assert signed is not None
    report = verified(msgspec.json.encode(signed), kept.erasures.public_key)
    assert (report.target, report.actor, report.reason) == (TARGET, "ann", "asked to")
    assert (report.destroyed.contents, len(report.destroyed.keys)) == (["e1", "e2"], 1)
    assert report.at_seconds == NOW


async def test_what_is_sealed_and_not_stored_yet_goes_with_the_rest(kept: Kept) -> None:
    kept.segments.keep(item("e1"))
    await erase(kept)
    assert await ids(kept) == []


async def test_what_comes_in_later_and_began_before_is_not_stored(kept: Kept, another: Callable[[], Kept]) -> None:
    """Another host has it on its disk still."""
    other = another()
    other.segments.keep(item("e1", age=1))
    other.segments.keep(item("e2", age=-1))
    await erase(kept)
    await other.drain.finish()
    assert await ids(kept) == ["e2"], "this subject has come back since"
    assert (other.drain.total.erased, other.drain.total.stored) == (1, 1)


async def test_a_comment_goes_with_its_exchanges_subject_also_where_it_came_first(kept: Kept) -> None:
    await kept.keep(item("signal-1", "", exchange="e1"))
    await kept.record("e1")
    await kept.keep(item("signal-2", "", exchange="e1"), item("signal-3", "", exchange="e9"))
    await erase(kept)
    assert await ids(kept) == ["signal-3"]
    assert await keys(kept) == ["exchange:e9"]


async def test_one_exchange_can_be_erased_alone(kept: Kept) -> None:
    await kept.keep(item("e1"), item("e2"), item("e3", ""))
    await erase(kept, Target(tenant="shop", subject=JO, exchange="e1"))
    assert await ids(kept) == ["e2", "e3"]
    assert JO in await keys(kept), "other things are under it"
    await erase(kept, Target(tenant="shop", subject="exchange:e3", exchange="e3"))
    assert await ids(kept) == ["e2"]
    assert await keys(kept) == [JO]
    kept.segments.keep(item("e1"))
    await kept.drain.finish()
    assert await ids(kept) == ["e2"]


async def test_what_people_wrote_about_its_exchanges_goes_as_far_as_the_chain_allows(kept: Kept) -> None:
    """And the audit finds nothing amiss; what was not sealed yet follows."""
    def comment(name: str, exchange: str = "e1", **body: object) -> Signal:
        return Signal(id=name, exchange_id=exchange, at=NOW, tenant="shop", kind="feedback", name="helpful", body=body)
    await kept.record("e1")
    await kept.record("e2", ANN)
    await kept.enter(comment("s1", comment=CANARY), comment("s2", value=CANARY), comment("s3", value=True),
                     comment("s4", "e2", comment="hers"))
    await kept.enter(comment("s5", comment=CANARY), seal=False)
    done = await kept.erasures.erase(TARGET, "asked to", "ann")
    assert sorted(done.report.destroyed.comments) == ["s1", "s2", "s5"]
    assert await signals(kept) == ["s3", "s4", "s5"]
    await kept.seal()
    assert await kept.erasures.follow_up() == 1
    assert await signals(kept) == ["s3", "s4"]
    assert await kept.erasures.follow_up() == 0
    await kept.seal()
    report = await kept.database.run(lambda c: Verification(c, keys=[kept.erasures.public_key]).run())
    assert report.findings == []
    assert report.pruned == 3


async def signals(kept: Kept) -> list[str]:
    return await kept.database.run(lambda c: sorted(c.scalars(select(signal.c.id))))


async def test_a_dry_run_tells_and_destroys_nothing(kept: Kept) -> None:
    await kept.keep(item("e1"))
    done = await kept.erasures.erase(TARGET, "asked to", "ann", dry_run=True)
    assert done.signed is None
    assert done.report.destroyed.contents == ["e1"]
    assert await ids(kept) == ["e1"]
    assert not kept.erasures.file.exists()


async def test_others_who_hold_something_are_told_and_counted(kept: Kept) -> None:
    told: list[Target] = []

    async def erase(target: Target) -> int:
        told.append(target)
        return 3

    kept.erasures._erasers["cache"] = erase
    done = await kept.erasures.erase(TARGET, "asked to", "ann")
    assert (told, done.report.destroyed.elsewhere) == ([TARGET], {"cache": 3})


async def test_an_erasure_is_an_act(kept: Kept) -> None:
    await kept.keep(item("e1"))
    await erase(kept)
    (act,) = await kept.database.run(lambda c: acts.newest(c, 10))
    (row,) = await kept.database.run(lambda c: newest(c, 10))
    assert (act["kind"], act["actor"], act["about"]) == ("erasure.erase", "ann", row["id"])
    assert (act["details"]["keys"], act["details"]["contents"]) == (1, 1)


@pytest.mark.parametrize("subject", [JO, ""], ids=["of the subject", "of the tenant"])
async def test_a_legal_hold_refuses_it_and_is_named(kept: Kept, subject: str) -> None:
    await kept.record("e1")
    await kept.keep(item("e1"))
    hold = Hold(id="h1", tenant="shop", subject=subject, actor="bo", reason="case 12", placed_at=NOW)
    await kept.database.run(lambda c: holds.add(c, hold))
    for target in (TARGET, Target(tenant="shop", subject=JO, exchange="e1")):
        for dry_run in (True, False):
            with pytest.raises(UnderHold, match=r"h1.*case 12"):
                await erase(kept, target, dry_run=dry_run)
    assert await ids(kept) == ["e1"]
    await kept.database.run(lambda c: holds.release(c, "h1", NOW, "bo", "closed"))
    await erase(kept)
    assert await ids(kept) == []


# The file, and restores


async def test_an_older_backup_brings_nothing_back(kept: Kept, sqlite_url: str, database_url: str,
                                                   tmp_path: Path) -> None:
    """The rows as they were before: put back as a restore would, they are destroyed once more."""
    await kept.keep(item("e1"), item("e2", ANN))
    before = await kept.database.run(_everything)
    await erase(kept)
    await kept.keep(item("e3", age=-5))
    kept.now = NOW + 10
    await kept.database.run(lambda c: _put_back(c, before))
    assert await ids(kept) == ["e1", "e2"]
    told = await kept.database.run(lambda c: reapply(c, kept.erasures.file))
    assert (told.read, told.keys, told.contents, told.unverified) == (1, 1, 1, 0)
    assert await ids(kept) == ["e2"]
    assert await keys(kept) == [ANN]
    assert len(await kept.database.run(lambda c: newest(c, 10))) == 1, "the report is back too"
    again = await kept.database.run(lambda c: reapply(c, kept.erasures.file))
    assert (again.erasures, again.keys, again.contents) == ([], 0, 0)


def _everything(connection: object) -> dict[str, list[dict[str, object]]]:
    from operations.store.tables import content, erasure
    return {table.name: [dict(row) for row in connection.execute(select(table)).mappings()]  # type: ignore
            for table in (content, subject_key, erasure)}


def _put_back(connection: object, rows: dict[str, list[dict[str, object]]]) -> None:
    from operations.store.tables import metadata
    for name, old in rows.items():
        table = metadata.tables[name]
        connection.execute(table.delete())  # type: ignore
        if old:
            connection.execute(table.insert(), old)  # type: ignore


async def test_a_copy_of_the_database_from_before_is_put_right_at_the_next_start(tmp_path: Path, sqlite: Database,
                                                                                 sqlite_url: str, lines: Lines,
                                                                                 log: object) -> None:
    """SQLite's own file, copied and brought back, and nothing of the text in it then."""
    kept = Kept(tmp_path / "state", sqlite, log)  # type: ignore[arg-type]
    await kept.keep(item("e1"))
    await sqlite.make_durable("TRUNCATE")
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    (sealed,) = await sqlite.run(lambda c: [store.opened(c, kept.vault, "e1")])
    assert sealed is not None
    shutil.copy(file, tmp_path / "backup")
    await erase(kept)
    sqlite.close()
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    shutil.copy(tmp_path / "backup", file)
    restored = Database(sqlite_url)
    host = Kept(tmp_path / "state", restored, log)  # type: ignore[arg-type]
    told = await host.erasures.open()
    assert (told.keys, told.contents) == (1, 1)
    assert lines.of("erasures_reapplied")
    assert await restored.run(lambda c: store.opened(c, host.vault, "e1")) is None
    (act, *_) = await restored.run(lambda c: acts.newest(c, 10))
    assert act["kind"] == "erasure.reapply"
    restored.close()
    sqlite.__init__(sqlite_url)  # type: ignore[misc]  # the fixture closes it


async def test_the_wrapped_key_stands_in_no_file_of_sqlite_any_more(tmp_path: Path, sqlite: Database,
                                                                    log: object) -> None:
    """Neither in a free page nor in the log."""
    kept = Kept(tmp_path / "state", sqlite, log)  # type: ignore[arg-type]
    await kept.keep(*(item(f"e{number}", f"{number:032}") for number in range(40)))
    wrapped, sealed = await sqlite.run(lambda c: _bytes_of(c, f"{7:032}"))
    await sqlite.make_durable()
    files = list(tmp_path.rglob("gatewright.db*"))
    assert any(wrapped in path.read_bytes() for path in files)
    await erase(kept, Target(tenant="shop", subject=f"{7:032}"))
    for path in tmp_path.rglob("gatewright.db*"):
        assert wrapped not in path.read_bytes(), path.name
        assert sealed[-100:] not in path.read_bytes(), path.name


def _bytes_of(connection: object, subject: str) -> tuple[bytes, bytes]:
    from operations.store.tables import content
    wrapped = connection.scalar(select(subject_key.c.wrapped).where(subject_key.c.subject == subject))  # type: ignore
    return wrapped, connection.scalar(select(content.c.sealed).where(content.c.subject == subject))  # type: ignore


async def test_a_report_that_was_not_filed_is_filed_at_the_next_look(kept: Kept, lines: Lines) -> None:
    """A crash, or a full disk, between the commit and the file."""
    kept.erasures.file.mkdir()
    done = await kept.erasures.erase(TARGET, "asked to", "ann")
    assert not done.is_filed
    assert lines.of("erasure_not_filed")
    kept.erasures.file.rmdir()
    await kept.erasures.mirror()
    assert [report.id for report, _ in reports_in(kept.erasures.file)[0]] == [done.report.id]


async def test_every_host_files_the_others_reports(kept: Kept, another: Callable[[], Kept]) -> None:
    await kept.erasures.open()
    await erase(kept)
    other = another()
    await other.erasures.open()
    assert (other.state / FILE).read_bytes() == (kept.state / FILE).read_bytes()
    await other.erasures.mirror()
    assert len((other.state / FILE).read_bytes().splitlines()) == 1


async def test_a_line_that_was_changed_is_passed_over_and_told(kept: Kept, lines: Lines) -> None:
    await erase(kept)
    await erase(kept, Target(tenant="shop", subject=ANN))
    written = kept.erasures.file.read_bytes()
    kept.erasures.file.write_bytes(written.replace(JO.encode(), b"f" * 32))
    told = await kept.erasures.open()
    assert (told.read, told.unverified, kept.erasures.unverified) == (1, 1, 1)
    assert lines.of("erasures_unverified")


async def test_a_line_that_was_cut_short_harms_no_other(kept: Kept) -> None:
    signed = msgspec.json.encode(await erase(kept)).decode()
    file = kept.state / "other.jsonl"
    file.write_text(signed[:50])
    append(file, [signed])
    reports, unverified = reports_in(file)
    assert (len(reports), unverified) == (1, 1)


@pytest.mark.parametrize("change", [
    lambda s: msgspec.structs.replace(s, report=s.report.replace("asked to", "asked me")),
    lambda s: msgspec.structs.replace(s, signature=s.signature[::-1]),
    lambda s: msgspec.structs.replace(s, public_key="AAAA" + s.public_key[4:]),
])  # fmt: skip
async def test_a_report_that_was_changed_is_none(kept: Kept, change: Callable[[Signed], Signed]) -> None:
    signed = await erase(kept)
    assert signed is not None
    assert verified(msgspec.json.encode(signed)).target == TARGET
    with pytest.raises(NotSigned):
        verified(msgspec.json.encode(change(signed)))


async def test_a_report_of_another_host_key_is_not_taken_for_ours(kept: Kept) -> None:
    signed = await erase(kept)
    with pytest.raises(NotSigned, match="another key"):
        verified(msgspec.json.encode(signed), b"x" * 32)
    assert CANARY not in kept.erasures.file.read_text()
