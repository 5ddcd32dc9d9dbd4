"""A revision that can be used is live at the next look; one that cannot changes nothing and says why."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from gateway import snapshot_file
from gateway.snapshot_file import NAME, StoredRevision, digest_of
from gateway.snapshot_keeper import SnapshotKeeper
from guardrails.policy import Rule
from models.endpoint import Endpoint, Endpoints
from tests.gateway.exchanges import HandClock, endpoints_at


def routing(*urls: str, **model: Any) -> dict[str, Any]:
    return {"versions": {"v1": {"served_model": "s", "endpoints": list(urls or ["http://a:1"])}},
            "models": {"m": {"split": {"v1": 1}, **model}}}  # fmt: skip


class Case:
    def __init__(self, folder: Path, endpoints: Endpoints) -> None:
        self.folder, self.endpoints = folder, endpoints
        self.keeper = SnapshotKeeper(folder, endpoints, lambda name: "")

    def store(self, revision: int, document: Any) -> None:
        snapshot_file.write(self.folder, StoredRevision(
            revision=revision, digest=digest_of(document), created_at=1.5, routing=document))  # fmt: skip

    def damage(self) -> None:
        (self.folder / NAME).write_bytes(b"{")


@pytest.fixture
async def case(tmp_path: Path) -> Case:
    return Case(tmp_path, endpoints_at(HandClock()))


def test_without_a_file_there_is_nothing_yet(case: Case) -> None:
    assert (case.keeper.look(), case.keeper.has_one, case.keeper.refused) == (False, False, "")


def test_a_new_revision_is_live_at_the_next_look_and_no_news_at_the_one_after(case: Case) -> None:
    case.store(1, routing())
    assert [case.keeper.look(), case.keeper.look()] == [True, False]
    assert (case.keeper.live.revision, case.keeper.live.created_at) == (1, 1.5)
    case.store(2, routing("http://b:1"))
    assert [case.keeper.look(), case.keeper.look()] == [True, False]
    assert case.keeper.live.revision == 2


def test_an_old_snapshot_goes_on_as_it_was(case: Case) -> None:
    case.store(1, routing())
    case.keeper.look()
    before = case.keeper.live
    case.store(2, routing("http://b:1"))
    case.keeper.look()
    assert before.routes["m"].targets["v1"].endpoints[0].url == "http://a:1"
    assert before is not case.keeper.live


def test_the_same_revision_written_again_is_no_news(case: Case) -> None:
    case.store(1, routing())
    case.keeper.look()
    before = case.keeper.live
    case.store(1, routing())
    assert not case.keeper.look()
    assert case.keeper.live is before


@pytest.mark.parametrize("document", [{}, routing("nonsense"), {"versions": {}, "models": {}}, "text"])
def test_a_revision_that_cannot_be_used_changes_nothing_and_says_why(case: Case, document: Any) -> None:
    case.store(1, routing())
    case.keeper.look()
    case.store(2, document)
    assert not case.keeper.look()
    assert case.keeper.live.revision == 1
    assert case.keeper.refused.startswith("revision 2: ")
    assert [endpoint.url for endpoint in case.endpoints] == ["http://a:1"]
    case.store(3, routing())
    assert case.keeper.look()
    assert case.keeper.refused == ""


async def test_a_revision_whose_endpoints_cannot_be_made_changes_nothing_and_says_why(tmp_path: Path) -> None:
    """An https endpoint, say, where the file of trusted certificates is missing: the look-out must outlive it."""

    def make(url: str) -> Endpoint:
        if url.startswith("https:"):
            raise FileNotFoundError(2, "No such file or directory", "ca.pem")
        return Endpoint(url, loop=asyncio.get_running_loop(), time=lambda: 0.0)

    case = Case(tmp_path, Endpoints(make))
    case.store(1, routing())
    case.keeper.look()
    case.store(2, routing("https://a"))
    assert not case.keeper.look()
    assert (case.keeper.live.revision, "ca.pem" in case.keeper.refused) == (1, True)


def test_a_reason_is_no_longer_than_a_log_line_bears(case: Case) -> None:
    case.store(1, {"x" * 5000: 1})
    case.keeper.look()
    assert 0 < len(case.keeper.refused) <= 1000


def test_a_damaged_file_does_not_throw_a_running_worker_back(case: Case) -> None:
    for revision in (1, 2):
        case.store(revision, routing())
        case.keeper.look()
    case.damage()
    assert not case.keeper.look()
    assert case.keeper.live.revision == 2, "it has its own last-good"
    assert NAME in case.keeper.refused


def test_a_start_takes_the_one_before_where_the_newest_is_damaged(case: Case) -> None:
    case.store(1, routing())
    case.store(2, routing())
    case.damage()
    assert case.keeper.look()
    assert case.keeper.live.revision == 1


def test_a_start_takes_the_one_before_where_the_newest_is_gone(case: Case) -> None:
    """As it is between two steps of a writer that is killed, or an operator's hand."""
    case.store(1, routing())
    case.store(2, routing())
    os.unlink(case.folder / NAME)
    assert case.keeper.look()
    assert case.keeper.live.revision == 1


def test_a_start_takes_the_one_before_where_the_newest_cannot_be_used(case: Case) -> None:
    """A revision that an older release cannot read must not keep it from starting."""
    case.store(1, routing())
    case.store(2, {"versions": {}, "models": {}, "written_by": "a later release"})
    assert case.keeper.look()
    assert case.keeper.live.revision == 1
    assert case.keeper.refused.startswith("revision 2: ")


def test_a_file_that_is_gone_changes_nothing_for_a_running_worker(case: Case) -> None:
    case.store(1, routing())
    case.keeper.look()
    os.unlink(case.folder / NAME)
    assert not case.keeper.look()
    assert case.keeper.live.revision == 1


def test_endpoints_that_are_named_no_more_are_retired_and_the_others_kept(case: Case) -> None:
    case.store(1, routing("http://a:1", "http://b:1"))
    case.keeper.look()
    kept, gone = case.keeper.live.routes["m"].targets["v1"].endpoints
    case.store(2, routing("http://a:1"))
    case.keeper.look()
    assert case.keeper.live.routes["m"].targets["v1"].endpoints == (kept,)
    assert (kept.retired, gone.retired) == (False, True)
    assert list(case.endpoints) == [kept]


async def test_moderations_without_a_guard_that_can_be_used_are_warned_of_and_the_models_served(tmp_path: Path) -> None:
    """A model's file that is missing, say."""

    def unusable(rule: Rule) -> object:
        raise ValueError("its model cannot be read")

    case = Case(tmp_path, endpoints_at(HandClock()))
    case.keeper = SnapshotKeeper(tmp_path, case.endpoints, lambda name: "", {"toxicity": unusable})
    case.store(1, routing())
    assert case.keeper.look()
    assert case.keeper.live.moderator is None
    assert [warning for warning in case.keeper.warnings if "its model cannot be read" in warning]


def test_what_is_accepted_and_not_done_is_told_with_every_revision(case: Case, tmp_path: Path) -> None:
    case.store(1, routing(policy="p") | {"policies": {"p": {"prompt": {"toxicity": "flag"}}}})
    case.keeper = SnapshotKeeper(tmp_path, case.endpoints, lambda name: "", {})
    case.keeper.look()
    assert case.keeper.warnings[0].startswith("policies.p.prompt.toxicity: ")
    case.store(2, routing())
    case.keeper.look()
    assert case.keeper.warnings == []
