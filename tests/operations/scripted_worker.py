"""A data worker in miniature: it obeys the supervisor's interface and answers every connection with its name and pid.

``GET /die`` ends it at once, as a crash would; every other request leaves one record in the journal.
"""

import argparse
import os
import select
import signal
import socket
import sys
import time
from pathlib import Path

from gateway import snapshot_file
from gateway.config.handover import settings_of_line
from gateway.journal import Journal
from gateway.record import Attempt, ExchangeRecord
from gateway.worker_status import EndpointStatus, StatusSender, WorkerStatus

ENDPOINT = "http://127.0.0.1:9"


class Worker:
    def __init__(self, name: str, listener: socket.socket, status_fd: int, state: Path) -> None:
        self.name = name
        self.listener = listener
        self.listener.setblocking(False)
        self.state = state
        self.sender = StatusSender(status_fd)
        self.journal = Journal(state / "journal", name)
        self.served = 0
        self.stopping = False

    def revision(self) -> int:
        try:
            return snapshot_file.read(self.state).revision
        except snapshot_file.Unreadable:
            return 0

    def report(self) -> None:
        self.sender.send(WorkerStatus(
            worker=self.name, pid=os.getpid(), at=time.time(), revision=self.revision(), ready=not self.stopping,
            endpoints=[EndpointStatus("smol-1", ENDPOINT, 1, True)], journal_appended=self.journal.appended))

    def answer(self) -> None:
        try:
            connection, _ = self.listener.accept()
        except BlockingIOError:
            return  # another worker was first
        connection.setblocking(True)
        with connection:
            request = connection.recv(65536)
            if request.startswith(b"GET /die"):
                os.kill(os.getpid(), signal.SIGKILL)
            self.served += 1
            identity = f"{self.name}-{os.getpid()}-{self.served}"
            self.journal.append(record(identity, self.name, self.revision()))
            body = identity.encode()
            connection.sendall(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body) + body)

    def run(self) -> None:
        while not self.stopping:
            self.report()
            readable, _, _ = select.select([self.listener, sys.stdin], [], [], 0.1)
            if self.listener in readable:
                self.answer()
            if sys.stdin in readable and not os.read(0, 1):
                return


def record(identity: str, worker: str = "w0", revision: int = 1) -> ExchangeRecord:
    return ExchangeRecord(
        id=identity, started_at=time.time(), worker=worker, operation="chat.completions", model="assistant",
        revision=revision, arm_assigned="smol-1", arm_served="smol-1", propensity=0.9, unit_kind="user",
        unit_fraction=0.25, outcome="answered", status=200, total_seconds=0.5, overhead_seconds=0.0002,
        first_token_seconds=0.1, token_gap_counts=[3, 1], token_gap_seconds=0.05, prompt_tokens=7, completion_tokens=5,
        usage_source="reported", attempts=[Attempt("smol-1", ENDPOINT, "answered", 0.49, 200)])


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--name")
    parser.add_argument("--listen-fd", type=int)
    parser.add_argument("--status-fd", type=int)
    given = parser.parse_args()
    settings = settings_of_line(sys.stdin.buffer.raw.readline())
    worker = Worker(given.name, socket.socket(fileno=given.listen_fd), given.status_fd, Path(settings.state))
    signal.signal(signal.SIGTERM, lambda *_: setattr(worker, "stopping", True))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
