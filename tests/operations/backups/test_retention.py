"""The rules: what is kept, what is due, what is missed."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gateway.config.settings import Backups
from gateway.config.written import Duration
from operations.backups.folder import Backup
from operations.backups.retention import due_at, is_missed, superfluous
from tests.operations.backups.manifests import manifest

NOW = 1_000_000.0
AGES = st.lists(st.floats(0, 900_000), min_size=1, max_size=30).map(sorted)


def aged(ages: list[float]) -> list[Backup]:
    return [Backup(path=Path(f"{number}"), bytes=1, manifest=manifest(created_at=NOW - age))
            for number, age in enumerate(ages)]


@given(AGES, st.integers(1, 20), st.none() | st.floats(1, 900_000))
def test_the_newest_and_the_young_are_kept_and_all_others_are_not(
    ages: list[float], keep: int, keep_for: float | None
) -> None:
    rule = Backups("to", keep=keep, keep_for=Duration(keep_for) if keep_for else None)
    gone = superfluous(aged(ages), rule, NOW)
    left = [one for one in aged(ages) if one not in gone]
    assert left[:keep] == aged(ages)[:keep], "the newest of all among them, whatever its age"
    assert all(one.manifest and NOW - one.manifest.created_at < (keep_for or 0) for one in left[keep:])
    assert all(one.manifest and NOW - one.manifest.created_at >= (keep_for or 0) for one in gone)


@given(st.floats(60, 1e7), st.floats(0, 0.999))
def test_the_jitter_is_over_before_a_backup_is_missed(every: float, fraction: float) -> None:
    due = due_at(NOW, every, fraction)
    assert NOW + every <= due
    assert not is_missed(NOW, every, due)
    assert is_missed(NOW, every, NOW + 1.2 * every)


def test_where_there_is_none_one_is_due_and_missed() -> None:
    assert due_at(None, 60, 0.5) == 0
    assert is_missed(None, 60, NOW)
