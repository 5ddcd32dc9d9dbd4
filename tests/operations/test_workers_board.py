"""What the control process knows of the workers: statuses come as datagrams, late, twice, or from the dead."""

import socket
import time

from gateway.gathering.tally import Gathered
from gateway.worker_status import CacheStatus, EndpointStatus, StatusSender, WorkerStatus
from operations.metrics.gauges import of_cache, of_gathering
from operations.workers.board import FRESH_SECONDS, Workers, receive


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def status(worker: str = "w0", pid: int = 1, at: float = 1000.0, **fields: object) -> WorkerStatus:
    return WorkerStatus(worker=worker, pid=pid, at=at, **{"revision": 1, "ready": True, **fields})  # type: ignore[arg-type]


def board(*statuses: WorkerStatus, clock: Clock | None = None) -> Workers:
    clock = clock or Clock()
    workers = Workers(clock, clock)
    for one in statuses:
        workers.note(one)
    return workers


def test_a_worker_that_is_silent_for_five_seconds_is_not_live() -> None:
    clock = Clock()
    workers = board(status(), status("w1"), clock=clock)
    assert workers.ready() == 2
    clock.now += FRESH_SECONDS - 1
    workers.note(status("w1", at=clock.now))
    clock.now += 1.1
    assert [one.worker for one in workers.live()] == ["w1"]
    assert workers.ready() == 1


def test_looks_for_similar_questions_are_counted_over_all_lives_of_all_workers() -> None:
    def looked(**looks: int) -> CacheStatus:
        return CacheStatus(looks=looks)

    workers = board(status(pid=1, at=999.0, cache=looked(found=3, none=1)), status(pid=2, cache=looked(found=2)),
                    status("w1", cache=looked(late=1)))
    assert workers.tally("looks") == {"found": 5, "none": 1, "late": 1}
    [looks] = [family for family in of_cache(workers) if family.name == "gatewright_cache_looks"]
    assert {sample.labels["result"]: sample.value for sample in looks.samples} == {"found": 5, "none": 1, "late": 1}


def test_stampedes_are_told_by_model() -> None:
    workers = board(status(cache=CacheStatus(stampedes={"chat": 2, "other": 0})),
                    status("w1", cache=CacheStatus(stampedes={"chat": 1})))
    [family] = [family for family in of_cache(workers) if family.name == "gatewright_cache_stampedes"]
    assert {sample.labels["model"]: sample.value for sample in family.samples} == {"chat": 3, "other": 0}


def test_questions_to_guard_models_are_counted_over_all_lives_of_all_workers() -> None:
    workers = board(status(pid=1, at=999.0, guard_asks={"lg:answered": 3, "lg:refused": 1}),
                    status(pid=2, guard_asks={"lg:answered": 2}), status("w1", guard_asks={"other:unreadable": 1}))
    assert workers.tally("guard_asks") == {"lg:answered": 5, "lg:refused": 1, "other:unreadable": 1}


def test_what_was_gathered_is_counted_over_all_lives_of_all_workers() -> None:
    told = Gathered()
    told.sent(3)
    told.sent(1)
    told.waited(0.25)
    workers = board(status(pid=1, at=999.0, gathered={"m": told}), status(pid=2, gathered={"m": told}),
                    status("w1", gathered={"m": told, "other": Gathered(again=1)}))
    found = workers.gathered()
    assert (found["m"].requests, found["m"].shared, found["m"].wait_seconds, found["other"].again) == (12, 9, 0.75, 1)
    page = {sample.name + sample.labels.get("le", ""): sample.value for family in of_gathering(workers)
            for sample in family.samples if sample.labels["model"] == "m"}
    assert page["gatewright_gather_requests_bucket1"] == 3
    assert (page["gatewright_gather_requests_count"], page["gatewright_gather_requests_sum"]) == (6, 12)
    assert (page["gatewright_gather_wait_seconds_bucket0.1"], page["gatewright_gather_wait_seconds_sum"]) == (0, 0.75)
    assert page["gatewright_gather_shared_total"] == 9


def test_a_status_that_waited_in_the_socket_from_before_a_restart_does_not_make_a_worker_live() -> None:
    assert board(status(at=900.0)).live() == []


def test_a_worker_that_was_started_again_takes_the_place_of_the_one_that_died() -> None:
    workers = board(status(pid=1, at=999.0, revision=1), status(pid=2, at=1000.0, revision=2))
    assert [(one.pid, one.revision) for one in workers.all()] == [(2, 2)]


def test_a_late_word_of_the_dead_changes_nothing() -> None:
    workers = board(status(pid=2, at=1000.0), status(pid=1, at=999.0))
    assert [one.pid for one in workers.all()] == [2]


def test_a_clock_that_was_set_back_hides_no_worker() -> None:
    wall, monotonic = Clock(), Clock()
    workers = Workers(wall, monotonic)
    workers.note(status(pid=1))
    wall.now -= 3600
    monotonic.now += 1
    workers.note(status(pid=1, at=wall.now))
    assert workers.ready() == 1
    monotonic.now += FRESH_SECONDS
    workers.note(status(pid=2, at=wall.now))
    assert [one.pid for one in workers.live()] == [2]


def test_a_clock_that_was_set_forward_makes_no_worker_silent() -> None:
    wall, monotonic = Clock(), Clock()
    workers = Workers(wall, monotonic)
    workers.note(status())
    wall.now += 3600
    assert workers.ready() == 1


def test_lost_records_add_up_over_the_lives_of_a_worker() -> None:
    workers = board(status(pid=1, at=999.0, journal_lost=3), status(pid=2, at=1000.0, journal_lost=1),
                    status("w1", pid=3, journal_lost=2))
    assert workers.counted("journal_lost") == 6


def test_endpoints_add_up_over_live_workers() -> None:
    def at(in_flight: int, healthy: bool) -> list[EndpointStatus]:
        return [EndpointStatus("smol-1", "http://a", in_flight, healthy)]

    workers = board(status(endpoints=at(2, True)), status("w1", endpoints=at(3, False)),
                    status("w2", at=0.0, endpoints=at(100, True)))
    [one] = workers.endpoints()
    assert (one.in_flight, one.healthy, one.workers) == (5, 1, 2)


def test_a_state_is_one_word() -> None:
    workers = board(status("a"), status("b", ready=False), status("c", draining=True), status("d", at=0.0))
    assert [workers.state(one) for one in workers.all()] == ["ready", "waiting", "draining", "silent"]


async def test_waiting_for_a_revision_ends_when_every_worker_serves_it() -> None:
    workers = board(status(revision=2), status("w1", revision=3))
    assert await workers.serving(2, 10) == {"w0": True, "w1": True}


async def test_waiting_for_a_worker_that_stays_behind_or_is_silent_ends_in_time_and_names_it() -> None:
    workers = board(status(revision=2), status("w1", revision=1), status("w2", at=0.0, revision=2))
    assert await workers.serving(2, 0.01) == {"w0": True, "w1": False, "w2": False}


def test_every_waiting_datagram_is_taken_and_what_is_no_status_passed_over() -> None:
    receiving, sending = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiving.setblocking(False)
    with receiving:
        sending.send(b"\xc1 nonsense")
        sender = StatusSender(sending.detach())
        sender.send(status("w0", at=time.time()))
        sender.send(status("w1", at=time.time()))
        assert [one.worker for one in receive(receiving)] == ["w0", "w1"]
        assert list(receive(receiving)) == []
        sender._socket.close()
