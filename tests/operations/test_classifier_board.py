"""What control knows of the classifier process, and what it tells of it: to metrics, and to who asks for its health."""

import socket
import time

from gateway.telemetry.logs import Log
from gateway.worker_status import StatusSender, WorkerStatus
from guardrails.classifiers.reading import Readings
from operations.classifier.activity import Activity
from operations.classifier.board import FRESH_SECONDS, Classifiers
from operations.classifier.status import BATCH_SECONDS, BATCH_WINDOWS, ClassifierStatus
from operations.metrics import gauges
from operations.workers.board import receive
from tests.guardrails.classifiers.scripted import Scripted
from tests.operations.conftest import Lines


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def told(log: Log) -> tuple[Activity, ClassifierStatus]:
    activity = Activity(log)
    readings = Readings(time.monotonic, activity, ["names", "own"])
    readings.add(Scripted("names"))
    activity.asked("names", 10, 4)
    activity.read("names", 6, 0.03)
    activity.read("names", 500, 60.0)
    activity.failed("names", RuntimeError("with the text in it"))
    return activity, activity.status("c0", 7, readings, lambda: 1000.0)


def test_what_it_says_arrives_beside_what_the_workers_say(log: Log) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    theirs.setblocking(False)
    _, status = told(log)
    worker = WorkerStatus(worker="w0", pid=1, at=1.0, revision=1, ready=True)
    sender = StatusSender(ours.detach())
    for one in (worker, status):
        sender.send(one)
    assert list(receive(theirs)) == [worker, status]
    sender.close()
    theirs.close()


def test_one_that_has_not_been_heard_of_is_away_and_so_is_one_that_is_silent(log: Log) -> None:
    clock = Clock()
    board = Classifiers(["names", "own", "other"], clock, clock)
    assert board.degraded() == {"names": "away", "own": "away", "other": "away"}
    board.note(told(log)[1])
    assert board.degraded() == {"own": "loading", "other": "away"}
    clock.now += FRESH_SECONDS
    assert board.state("names") == "away"


def test_a_word_that_waited_while_control_was_away_is_none(log: Log) -> None:
    clock = Clock()
    clock.now += 60
    board = Classifiers(["names"], clock, clock)
    board.note(told(log)[1])
    assert board.state("names") == "away"


def test_metrics_count_texts_batches_and_what_waits(log: Log) -> None:
    clock = Clock()
    board = Classifiers(["names", "own"], clock, clock)
    board.note(told(log)[1])
    samples = {(sample.name, *sample.labels.values()): sample.value
               for family in gauges.of_classifiers(board) for sample in family.samples}
    assert samples["gatewright_classifier_up", "names"] == 1
    assert samples["gatewright_classifier_up", "own"] == 0
    assert samples["gatewright_classifier_texts_total", "names", "remembered"] == 4
    assert samples["gatewright_classifier_texts_total", "names", "new"] == 6
    assert samples["gatewright_classifier_failures_total", "names"] == 1
    assert samples["gatewright_classifier_waiting_windows", "own"] == 0
    assert samples["gatewright_classifier_batch_windows_sum", "names"] == 506
    assert samples["gatewright_classifier_batch_windows_bucket", "names", "8.0"] == 1
    assert samples["gatewright_classifier_batch_seconds_bucket", "names", repr(BATCH_SECONDS[-1])] == 1
    assert samples["gatewright_classifier_batch_seconds_count", "names"] == 2
    assert samples["gatewright_classifier_batch_windows_bucket", "names", repr(BATCH_WINDOWS[-1])] == 1


def test_names_that_the_settings_do_not_load_become_no_labels(log: Log) -> None:
    clock = Clock()
    board = Classifiers(["names"], clock, clock)
    board.note(told(log)[1])
    labels = {sample.labels["classifier"] for family in gauges.of_classifiers(board) for sample in family.samples}
    assert labels == {"names"}


def test_what_raised_is_logged_without_its_words(log: Log, lines: Lines) -> None:
    told(log)
    [line] = lines.of("classifier_failed")
    assert (line["classifier"], line["error"]) == ("names", "RuntimeError")
    assert "with the text in it" not in str(line)
