"""The watched file: a good change becomes a revision, a broken one is refused and changes nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.telemetry.logs import Log
from operations.revisions import routing_file
from operations.revisions.keeper import Change, Keeper
from operations.revisions.routing_file import RoutingFile, Settling
from operations.store.database import Database
from tests.operations.conftest import Lines
from tests.operations.routings import TEXT, routing

OTHER = TEXT.replace("90", "80")
BROKEN = TEXT.replace("smol-2: 10}", "smol-3: ten}")


def test_a_content_settles_when_it_was_read_twice_running() -> None:
    settling = Settling("a")
    assert [settling.offer(digest) for digest in "aabcbb"] == [False, False, False, False, False, True]


def test_a_content_that_was_handled_does_not_settle_again() -> None:
    settling = Settling("a")
    assert [settling.offer("b"), settling.offer("b"), settling.offer("b")] == [False, True, True]
    settling.handled("b")
    assert not settling.offer("b")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing_file, "POLL_SECONDS", 0.005)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "routing.yaml"
    path.write_text(TEXT)
    return path


@pytest.fixture
def keeper(database: Database, tmp_path: Path, log: Log) -> Keeper:
    return Keeper(database, tmp_path / "state", log)


async def start(path: Path, keeper: Keeper, log: Log) -> RoutingFile:
    """A start of the control process, as far as the file goes."""
    file = RoutingFile(path, keeper, log)
    content, digest = file.read()
    await keeper.open(str(path), digest)
    await file.take(content, digest)
    return file


@asynccontextmanager
async def watched(path: Path, keeper: Keeper, log: Log) -> AsyncIterator[RoutingFile]:
    file = await start(path, keeper, log)
    watching = asyncio.create_task(file.watch(file.read()[1]))
    yield file
    watching.cancel()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


def replace(path: Path, text: str) -> None:
    path.write_text(text)


async def test_the_file_makes_revision_one(path: Path, keeper: Keeper, log: Log) -> None:
    await start(path, keeper, log)
    assert keeper.number == 1
    assert (await keeper.newest(1))[0].source == "file"


async def test_an_unchanged_file_does_not_undo_what_was_applied_since(path: Path, keeper: Keeper, log: Log) -> None:
    await start(path, keeper, log)
    await keeper.apply(Change(routing=routing(50), source="api", reason="r", actor="a"))
    await start(path, keeper, log)
    assert keeper.number == 2


async def test_a_file_that_changed_while_nobody_watched_is_a_new_revision(
    path: Path, keeper: Keeper, log: Log
) -> None:
    await start(path, keeper, log)
    replace(path, OTHER)
    await start(path, keeper, log)
    assert keeper.number == 2


async def test_a_file_that_says_what_is_live_already_is_no_new_revision(
    path: Path, keeper: Keeper, log: Log
) -> None:
    await start(path, keeper, log)
    replace(path, "# a comment\n" + TEXT)
    await start(path, keeper, log)
    assert keeper.number == 1


@pytest.mark.parametrize("content", [BROKEN, "a: [", "models: {}\nmodels: {}\n", "", "\xff"], ids=repr)
async def test_a_broken_file_is_refused_at_every_start_and_the_last_good_serves(
    path: Path, keeper: Keeper, log: Log, lines: Lines, content: str
) -> None:
    await start(path, keeper, log)
    path.write_bytes(content.encode("latin-1"))
    for _ in range(2):
        file = await start(path, keeper, log)
        assert file.refusal is not None
        assert file.refusal.problems
    assert keeper.number == 1
    assert [line["serving"] for line in lines.of("routing_file_refused")] == [1, 1]


async def test_a_missing_file_is_refused_and_the_last_good_serves(path: Path, keeper: Keeper, log: Log) -> None:
    await start(path, keeper, log)
    path.unlink()
    file = await start(path, keeper, log)
    assert file.refusal is not None
    assert "No such file" in str(file.refusal.problems[0])


async def test_a_change_is_live_soon_and_a_broken_one_is_told_once_with_all_its_problems(
    path: Path, keeper: Keeper, log: Log, lines: Lines
) -> None:
    async with watched(path, keeper, log) as file:
        replace(path, OTHER)
        await until(lambda: keeper.number == 2)
        replace(path, BROKEN)
        await until(lambda: file.refusal)
        await asyncio.sleep(0.05)
        [told] = lines.of("routing_file_refused")
        assert len(told["problems"]) == 2
        assert keeper.number == 2
        replace(path, OTHER)
        await until(lambda: file.refusal is None)
        assert keeper.number == 2


async def test_a_file_that_is_written_in_parts_is_taken_whole(
    path: Path, keeper: Keeper, log: Log, lines: Lines
) -> None:
    """Half of it would be broken, or worse: good."""
    async with watched(path, keeper, log):
        with path.open("w") as file:
            for character in OTHER[:60]:
                file.write(character)
                file.flush()
                await asyncio.sleep(0.001)
            file.write(OTHER[60:])
        await until(lambda: keeper.number == 2)
    assert (await keeper.newest(1))[0].routing == routing(80)


async def test_when_the_database_comes_back_the_file_is_taken_up_again(
    path: Path, tmp_path: Path, keeper: Keeper, log: Log
) -> None:
    await start(path, keeper, log)
    replace(path, OTHER)
    blocked = tmp_path / "late.db"
    blocked.write_bytes(b"this is no database, whatever its name may say of it" * 20)
    late = Database(f"sqlite:///{blocked}")
    second = Keeper(late, tmp_path / "state", log)
    file = RoutingFile(path, second, log)
    watching = asyncio.create_task(file.watch(""))
    await asyncio.sleep(0.05)
    assert second.number == 1
    blocked.unlink()
    await until(lambda: second.in_step)
    replace(path, TEXT.replace("90", "70"))
    await until(lambda: second.number > 1)
    watching.cancel()
    late.close()
