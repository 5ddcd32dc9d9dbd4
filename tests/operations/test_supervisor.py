"""The family of processes: what dies is started again, what is told to stop leaves in order, nothing stays behind."""

import os
import signal
import sqlite3
import threading
from pathlib import Path

import httpx2
import pytest

from gateway.journal import segments
from tests.operations.routings import TEXT, routing
from tests.operations.running import Running, running, until


def ledger(service: Running) -> list[str]:
    with sqlite3.connect(service.folder / "gatewright.db") as connection:
        ids = [row[0] for row in connection.execute("SELECT id FROM exchange")]
    connection.close()
    return ids


def test_every_worker_answers_on_the_one_address(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        names: set[str] = set()
        until(lambda: names.add(service.ask().partition("-")[0]) or names == {"w0", "w1"}, "both workers")


def test_a_worker_that_was_killed_is_started_again_at_once_and_no_connection_is_lost(tmp_path: Path) -> None:
    """Its listening socket is the supervisor's: what queues there while nobody accepts is answered by the next life."""
    with running(tmp_path, workers=1) as service:
        before = service.pid("w0")
        os.kill(before, signal.SIGKILL)
        answers = [service.ask() for _ in range(3)]
        assert all(answers)
        assert str(before) not in answers[0]
        [death] = service.events("child_died", child="w0")
        assert (death["pid"], death["signal"], death["again_in_seconds"]) == (before, "SIGKILL", 0)


def test_a_worker_that_keeps_dying_is_started_later_each_time_and_the_others_go_on(tmp_path: Path) -> None:
    with running(tmp_path, workers=1) as service:
        for _ in range(3):
            service.ask("/die")
            until(lambda: service.ask(), "the next life")
        delays = [line["again_in_seconds"] for line in service.events("child_died", child="w0")]
        assert delays == [0, 0.25, 0.5]
        assert service.events("child_died", child="control") == []


def test_control_that_was_killed_is_started_again_and_traffic_does_not_notice(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        os.kill(service.pid("control"), signal.SIGKILL)
        ids = [service.ask() for _ in range(20)]
        assert all(ids)
        until(lambda: service.admin("/ready").get("ready"), "control's next life")
        until(lambda: set(ids) <= set(ledger(service)), "the ledger")
        assert service.events("child_died", child="w0") == []


def test_killing_at_random_loses_and_doubles_no_exchange(tmp_path: Path) -> None:
    """Every answer that a caller got is in the ledger once, though workers and control were killed all along."""
    with running(tmp_path) as service:
        answered: list[str] = []
        for round_number in range(6):
            answered += filter(None, (service.ask() for _ in range(15)))
            os.kill(service.pid(("w0", "control", "w1")[round_number % 3]), signal.SIGKILL)
        until(lambda: set(answered) <= set(ledger(service)), "the ledger")
        service.signal(signal.SIGTERM)
        assert service.wait() == 0
        stored = ledger(service)
        assert len(answered) > 40
        assert sorted(set(stored)) == sorted(stored)
        assert set(answered) <= set(stored)
        assert segments(service.state / "journal") == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_workers_leave_first_then_control_with_the_journal_drained(
    tmp_path: Path, number: signal.Signals
) -> None:
    with running(tmp_path) as service:
        ids = [service.ask() for _ in range(10)]
        service.signal(number)
        assert service.wait() == 0
        ended = [(line["child"], line["exit_status"]) for line in service.events("child_ended")]
        assert ended[-1] == ("control", 0)
        assert sorted(ended[:-1]) == [("w0", 0), ("w1", 0)]
        assert sorted(ledger(service)) == sorted(ids)
        assert service.events("child_died") == []


def test_ctrl_c_reaches_the_supervisor_alone(tmp_path: Path) -> None:
    """A terminal sends it to a whole process group; children are in groups of their own."""
    with running(tmp_path) as service:
        groups = {os.getpgid(service.pid(child)) for child in ("control", "w0", "w1")}
        assert os.getpgid(service.process.pid) not in groups
        assert len(groups) == 3


def test_when_the_supervisor_is_killed_the_children_leave_and_drain(tmp_path: Path) -> None:
    with running(tmp_path, drain={"grace": "100ms", "finish": "1s"}) as service:
        ids = [service.ask() for _ in range(10)]
        service.signal(signal.SIGKILL)
        service.wait()
        until(service.descendants_are_gone, "the end of all children")
        assert sorted(ledger(service)) == sorted(ids)


def test_a_worker_that_does_not_leave_is_killed_by_a_second_signal(tmp_path: Path) -> None:
    with running(tmp_path, workers=1, drain={"grace": "1s", "finish": "10m"}) as service:
        os.kill(service.pid("w0"), signal.SIGSTOP)
        service.signal(signal.SIGINT)
        until(lambda: service.events("stopping"), "the first signal's effect")
        service.signal(signal.SIGINT)
        assert service.wait() == 0
        assert [line["child"] for line in service.events("child_killed")] == ["w0"]


def test_a_second_supervisor_on_the_same_state_is_refused(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        second = Running(tmp_path).start()
        assert second.wait() == 1
        assert "another gatewright serves from" in service.log.read_text()


def test_a_restart_goes_on_with_the_revision_that_was_live(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        service.routing.write_text(TEXT.replace("90", "80"))
        until(lambda: service.admin("/ready").get("revision") == 2, "revision 2")
        service.signal(signal.SIGTERM)
        service.wait()
        service.start().ready()
        assert service.admin("/ready")["revision"] == 2
        until(lambda: {row["revision"] for row in service.admin("/admin/workers")["workers"]} == {2}, "the workers")


def test_a_first_start_with_broken_routing_says_everything_that_is_wrong_and_ends(tmp_path: Path) -> None:
    (tmp_path / "routing.yaml").write_text(TEXT.replace("90, smol-2: 10", "none, smol-9: 10"))
    service = Running(tmp_path).start()
    assert service.wait() == 1
    said = service.log.read_text()
    assert "models.assistant.split.smol-1: expected a number above 0, found 'none'" in said
    assert "Did you mean 'smol-" in said
    assert service.events("child_started", child="w0") == []


def test_a_later_start_with_broken_routing_serves_the_last_good_and_says_so(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        service.signal(signal.SIGTERM)
        service.wait()
        service.routing.write_text("versions: {")
        service.start().ready()
        assert service.events("routing_file_refused")
        assert "routing.yaml is refused and revision 1 serves" in service.admin("/ready")["notes"][0]


def test_a_later_start_without_its_database_serves_the_last_good(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        service.signal(signal.SIGTERM)
        service.wait()
        database = tmp_path / "gatewright.db"
        kept = database.read_bytes()
        database.write_bytes(b"this is no database, whatever its name may say of it" * 20)
        service.start()
        until(lambda: service.events("serving_last_good"), "last-good")
        service.addresses = until(lambda: service.events("listening"), "the addresses")[0]
        identity = until(service.ask, "a worker")
        missing = until(lambda: service.admin("/ready").get("missing"), "what is missing")
        assert missing[0].startswith("database: it does not answer")
        database.write_bytes(kept)
        until(lambda: service.admin("/ready").get("ready"), "the database's return")
        until(lambda: identity in ledger(service), "what waited in the journal")


def test_an_address_in_use_ends_the_start_with_the_setting_that_names_it(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        (tmp_path / "other").mkdir()
        second = Running(tmp_path / "other", admin=service.addresses["admin"]).start()
        assert second.wait() == 1
        assert f"admin: cannot listen on {service.addresses['admin']}" in second.log.read_text()


def test_an_admin_port_on_the_network_needs_a_key(tmp_path: Path) -> None:
    service = Running(tmp_path, admin="0.0.0.0:0").start()
    assert service.wait() == 1
    assert "GATEWRIGHT_ADMIN_KEY is not set" in service.log.read_text()


def test_a_signal_while_control_begins_ends_the_start(tmp_path: Path) -> None:
    service = Running(tmp_path).start()
    until(lambda: service.events("child_started", child="control"), "control")
    service.signal(signal.SIGTERM)
    assert service.wait() == 0
    until(service.descendants_are_gone, "the end of all children")


def test_many_connections_at_a_workers_death_are_answered_by_the_others(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        answers: list[str] = []
        callers = [threading.Thread(target=lambda: answers.append(service.ask())) for _ in range(20)]
        os.kill(service.pid("w0"), signal.SIGSTOP)
        for caller in callers:
            caller.start()
        os.kill(service.pid("w0"), signal.SIGKILL)
        for caller in callers:
            caller.join()
        # A connection that the dead worker had accepted is gone with it; all others were answered.
        assert sum(bool(answer) for answer in answers) >= 19


def test_a_worker_that_is_stopped_is_told_not_to_serve_a_change_and_takes_it_when_it_goes_on(tmp_path: Path) -> None:
    """Nobody is told that a change is everywhere while one worker serves the old one."""
    with running(tmp_path) as service:
        stopped = service.pid("w1")
        os.kill(stopped, signal.SIGSTOP)
        body = {"routing": routing(80), "reason": "less", "wait_seconds": 1}
        response = httpx2.post(f"http://{service.addresses['admin']}/admin/revisions", json=body, trust_env=False,
                               timeout=20)
        assert response.json()["workers"] == {"w0": True, "w1": False}
        os.kill(stopped, signal.SIGCONT)
        until(lambda: {row["revision"] for row in service.admin("/admin/workers")["workers"]} == {2}, "the worker")


def test_what_is_kept_is_for_this_user_alone_and_workers_never_hold_the_admin_key(tmp_path: Path) -> None:
    service = Running(tmp_path, workers=1)
    service.environment["GATEWRIGHT_ADMIN_KEY"] = "open sesame"
    service.start()
    try:
        until(lambda: service.events("child_started", child="w0"), "the worker")
        assert b"open sesame" in Path(f"/proc/{service.pid('control')}/environ").read_bytes()
        assert b"open sesame" not in Path(f"/proc/{service.pid('w0')}/environ").read_bytes()
        kept = [tmp_path / "gatewright.db", service.state, service.state / "snapshot.json"]
        assert [path.stat().st_mode & 0o077 for path in kept] == [0, 0, 0]
    finally:
        service.signal(signal.SIGTERM)
        service.wait()
