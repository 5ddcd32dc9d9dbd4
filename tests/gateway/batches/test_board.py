"""Workers see at once what the others have at an endpoint, and nothing of those that are dead."""

from __future__ import annotations

from pathlib import Path

from gateway.batches.board import Board, Cell, Seen

URL = "http://10.0.0.1:8000"


class Now:
    at = 1_000_000_000_000

    def __call__(self) -> int:
        return self.at


def boards(folder: Path, now: Now, *names: str) -> list[Board]:
    made = [Board(folder, name, now) for name in names]
    for one in made:
        one.touch()
    return made


def test_what_one_has_all_see(tmp_path: Path) -> None:
    now = Now()
    one, other = boards(tmp_path, now, "w0", "w1")
    mine, theirs = one.cell(URL), other.cell(URL)
    assert one.seen(mine) == Seen(0, 0, 0, float("inf"))
    mine.begun()
    mine.begun()
    theirs.begun()
    theirs.lines, theirs.stubborn = 3, 1
    theirs.write()
    assert one.seen(mine) == other.seen(theirs) == Seen(3, 3, 1, 0.0)
    for cell in (mine, mine, theirs):
        cell.ended()
    now.at += 250_000_000
    assert one.seen(mine) == Seen(0, 3, 1, 0.25), "how long nobody has waited there"


def test_endpoints_are_apart(tmp_path: Path) -> None:
    (one,) = boards(tmp_path, Now(), "w0")
    one.cell(URL).begun()
    assert one.seen(one.cell("http://10.0.0.2:8000")).interactive == 0
    assert one.cell(URL) is one.cell(URL)


def test_a_worker_that_died_is_not_seen_and_its_next_life_begins_with_nothing(tmp_path: Path) -> None:
    now = Now()
    one, dead = boards(tmp_path, now, "w0", "w1")
    dead.cell(URL).begun()
    assert one.seen(one.cell(URL)).interactive == 1
    now.at += 2_100_000_000
    one.touch()
    assert one.seen(one.cell(URL)) == Seen(0, 0, 0, float("inf"))
    (again,) = boards(tmp_path, now, "w1")
    one.touch()
    assert one.seen(one.cell(URL)).interactive == 0
    again.cell(URL).begun()
    assert one.seen(one.cell(URL)).interactive == 1


def test_one_that_leaves_is_gone_at_once(tmp_path: Path) -> None:
    now = Now()
    one, other = boards(tmp_path, now, "w0", "w1")
    other.cell(URL).begun()
    other.close()
    one.touch()
    assert one.seen(one.cell(URL)).interactive == 0


def test_whoever_has_lines_there_hears_of_an_arrival(tmp_path: Path) -> None:
    (one,) = boards(tmp_path, Now(), "w0")
    heard: list[Cell] = []
    one.on_arrival = heard.append
    cell = one.cell(URL)
    cell.begun()
    assert heard == []
    cell.lines = 1
    cell.begun()
    assert heard == [cell]


def test_a_worker_of_any_name_has_a_region(tmp_path: Path) -> None:
    for name in ("w127", "w128", "worker", "w"):
        Board(tmp_path, name).cell(URL).begun()


def test_where_there_is_no_room_for_the_file_a_worker_sees_itself(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("no folder")
    alone = Board(tmp_path / "state", "w0", Now())
    cell = alone.cell(URL)
    cell.begun()
    assert alone.seen(cell) == Seen(1, 0, 0, 0.0)
