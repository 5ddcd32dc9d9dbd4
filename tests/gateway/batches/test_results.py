"""The journal of results: what was written is there after any end, and what was torn is written over."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.batches.results import Result, Results
from gateway.batches.sealing import Damaged
from gateway.record import ExchangeRecord
from tests.gateway.batches.places import SECRET


def result(line: int, status: int = 200, body: bytes = b'{"a":1}') -> Result:
    record = ExchangeRecord(id=f"{line:044x}", started_at=1.0, prompt_tokens=10, completion_tokens=3, cached_tokens=2)
    return Result(line, f"q{line}", status, record.id, body, record)


def results_at(path: Path, total: int = 10) -> Results:
    return Results(path, SECRET, "batch_1", total)


def test_what_was_written_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    first = results_at(tmp_path / "r")
    for one in (result(3), result(0, 400), result(7)):
        first.append(one)
    first.sync()
    first.close()
    again = results_at(tmp_path / "r")
    assert (len(again), again.completed, again.failed) == (3, 2, 1)
    assert (again.prompt_tokens, again.cached_tokens, again.completion_tokens) == (20, 4, 6)
    assert [again.of(line) for line in (0, 3, 7)] == [result(0, 400), result(3), result(7)]
    assert again.of(1) is None
    assert again.last == result(7), "the one whose record may be missing"
    again.close()


@given(cut=st.integers(1, 400))
def test_a_torn_end_is_written_over(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.mktemp("r") / "r"
    first = results_at(path)
    for line in range(4):
        first.append(result(line))
    whole = first.size
    first.close()
    os.truncate(path, max(whole - cut, 20))
    again = results_at(path)
    kept = len(again)
    assert kept < 4
    again.append(result(9, body=b"x" * 1000))
    again.close()
    last = results_at(path)
    assert [line for line in range(10) if last.of(line) is not None] == [*range(kept), 9]
    last.close()


def test_a_line_has_one_result(tmp_path: Path) -> None:
    results = results_at(tmp_path / "r")
    results.append(result(1))
    with pytest.raises(Damaged):
        results.append(result(1))
    results.close()


def test_frames_do_not_open_elsewhere(tmp_path: Path) -> None:
    results = results_at(tmp_path / "r")
    results.append(result(1))
    size = results.size
    results.append(result(2))
    results.close()
    written = (tmp_path / "r").read_bytes()
    assert b"q1" not in written
    (tmp_path / "r").write_bytes(written[:20] + written[size:] + written[20:size])
    assert len(results_at(tmp_path / "r")) == 0
    (tmp_path / "r").write_bytes(b"GWX1" + written[4:])
    with pytest.raises(Damaged):
        results_at(tmp_path / "r")


def test_a_disk_that_takes_no_more_leaves_the_journal_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = results_at(tmp_path / "r")
    results.append(result(1))
    pwrite = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: pwrite(fd, data[: len(data) // 2], at))
    with pytest.raises(OSError, match="full"):
        results.append(result(2))
    monkeypatch.undo()
    assert len(results) == 1
    results.append(result(2))
    results.close()
    assert len(results_at(tmp_path / "r")) == 2
