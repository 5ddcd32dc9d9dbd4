"""The load generator counts what an upstream really answered, and reads the clocks of whom it watches."""

import contextlib
import json
import os
import re
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.payloads import NUMBER, chat

Built = Callable[[str], Path]


def run_load(
    built: Built, port: int, folder: Path, *options: str, stream: bool = False, body: bytes | None = None
) -> dict[str, Any]:
    """The report of a short run."""
    file = folder / "body.json"
    file.write_bytes(chat(stream=stream) if body is None else body)
    command = [
        str(built("load")),
        "--port",
        str(port),
        "--body",
        str(file),
        "--seconds",
        "0.2",
        "--warm-seconds",
        "0.05",
    ]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_whole_replies_are_counted_and_timed(built: Built, upstream: tuple[int, int], tmp_path: Path) -> None:
    """All connections answered, nothing failed, and each time was kept."""
    port, pid = upstream
    report = run_load(built, port, tmp_path, "--connections", "4", "--watch", str(pid))
    assert report["requests"] > 0
    assert report["refused"] == report["broken"] == report["reconnects"] == report["frames"] == 0
    assert report["request_us"]["count"] == report["requests"]
    assert report["cpu_seconds"][str(pid)] > 0
    assert report["own_cpu_seconds"] > 0


def test_frames_are_counted_and_carry_the_moment_they_were_sent(
    built: Built, upstream: tuple[int, int], tmp_path: Path
) -> None:
    """Four tokens a stream are six events with role and end; three of them tell their delay."""
    report = run_load(built, upstream[0], tmp_path, "--connections", "2", "--stream", stream=True)
    assert report["requests"] > 0
    assert report["broken"] == 0
    assert 6 * report["requests"] <= report["frames"] + 12
    assert 0 < report["frame_delay_us"]["p50"] < 1_000_000
    assert report["frame_delay_us"]["count"] < report["frames"]


def test_a_refusal_is_not_a_good_reply(built: Built, upstream: tuple[int, int], tmp_path: Path) -> None:
    """Another status than 200 counts as refused."""
    report = run_load(built, upstream[0], tmp_path, "--path", "/nope")
    assert report["requests"] == 0
    assert report["refused"] > 0


def test_a_stream_that_ends_without_done_is_broken(built: Built, tmp_path: Path) -> None:
    """A 200 whose stream only stops is no success."""
    reply = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\ndata: {}\n\r\n0\r\n\r\n"
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=answer_all, args=(server, reply), daemon=True).start()
        report = run_load(built, server.getsockname()[1], tmp_path, "--stream", stream=True)
    assert report["requests"] == 0
    assert report["broken"] > 0


def test_numbered_requests_are_all_different_and_equally_long(built: Built, tmp_path: Path) -> None:
    """The number stands where the zeros stood; all else is as it was."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        reply = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
        threading.Thread(target=answer_all, args=(server, reply, heard), daemon=True).start()
        run_load(built, server.getsockname()[1], tmp_path, "--number", NUMBER, body=chat(stream=False, numbered=True))
    bodies = [request.partition(b"\r\n\r\n")[2] for request in heard]
    assert len(set(bodies)) == len(bodies) > 1
    assert {len(body) for body in bodies} == {len(chat(stream=False))}
    assert {re.sub(rb"\d{16}", NUMBER.encode(), body) for body in bodies} == {chat(stream=False, numbered=True)}


def test_a_number_that_stands_nowhere_is_an_error(built: Built, upstream: tuple[int, int], tmp_path: Path) -> None:
    """Else the same request would be sent again and again."""
    with pytest.raises(subprocess.CalledProcessError) as failed:
        run_load(built, upstream[0], tmp_path, "--number", "0" * 40)
    assert "--number" in failed.value.stderr


def answer_all(server: socket.socket, reply: bytes, heard: list[bytes] | None = None) -> None:
    """Answers each request on one connection with the same bytes."""
    wire, _ = server.accept()
    with wire, contextlib.suppress(ConnectionError):  # the generator leaves in the middle, as it may
        while request := wire.recv(65536):
            if heard is not None:
                heard.append(request)
            wire.sendall(reply)


def test_nobody_to_connect_to_is_an_error(built: Built, tmp_path: Path) -> None:
    """Exit status 1 and a line that says why."""
    body = tmp_path / "body.json"
    body.write_bytes(b"{}")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    done = subprocess.run(
        [built("load"), "--port", str(port), "--body", body], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "load: cannot connect: Connection refused\n")


def test_a_process_that_is_not_there_cannot_be_watched(built: Built) -> None:
    """It fails at once, not after the run."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    done = subprocess.run([built("load"), "--watch", str(gone.pid)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no process" in done.stderr
    assert os.getpid() != gone.pid
