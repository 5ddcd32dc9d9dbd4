"""The demo: one command up, Ctrl-C down, and nothing left behind."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import pytest

from gateway.config.reading import read_routing, read_settings
from operations.demo import files, words
from operations.demo.run import free_port as one_free
from operations.demo.run import places
from operations.serve.sockets import CannotStart
from tests.operations.running import DEADLINE_SECONDS, ROOT, free_port, until

PLACES = files.Places(listen="127.0.0.1:8000", admin="127.0.0.1:8001", models=("127.0.0.1:9101", "127.0.0.1:9102"))


@contextmanager
def demo(folder: Path, port: int, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.operations.scripted_demo", str(folder / "demo"), str(port),
             str(free_port()), *more], stdout=said, stderr=said, cwd=ROOT)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(DEADLINE_SECONDS)


def said(folder: Path) -> str:
    return (folder / "said").read_text()


def text_of(url: str) -> str:
    with build_opener(ProxyHandler({})).open(url, timeout=5) as response:
        return bytes(response.read()).decode()


def descendants(folder: Path) -> list[int]:
    """Every process whose standard error is the demo's log."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if os.readlink(entry / "fd" / "2") == str(folder / "demo" / "gatewright.log"):
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def test_the_demo_answers_and_one_ctrl_c_ends_all_of_it(tmp_path: Path) -> None:
    port = free_port()
    with demo(tmp_path, port) as process:
        until(lambda: "Gatewright is ready" in said(tmp_path), "the demo")
        assert "preparing the model" in said(tmp_path), "the model's own progress is shown"
        assert text_of(f"http://127.0.0.1:{port}/").startswith("w0-")
        console = re.findall(r"Console: +(\S+)", said(tmp_path))[0]
        assert "assistant" in text_of(console)
        until(lambda: 'vllm:up{version="smol-1"' in text_of(f"{console}/metrics"), "the model's metrics")
        assert len(descendants(tmp_path)) == 2
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE_SECONDS) == 0
    assert descendants(tmp_path) == []
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))


def test_a_killed_demo_leaves_nothing_either(tmp_path: Path) -> None:
    with demo(tmp_path, free_port()) as process:
        until(lambda: "Gatewright is ready" in said(tmp_path), "the demo")
        process.kill()
        process.wait(DEADLINE_SECONDS)
        until(lambda: not descendants(tmp_path), "the end of all children")


def test_a_second_demo_begins_where_the_first_one_ended(tmp_path: Path) -> None:
    for _ in range(2):
        with demo(tmp_path, free_port()) as process:
            until(lambda: "Gatewright is ready" in said(tmp_path), "the demo")
            process.send_signal(signal.SIGTERM)
            assert process.wait(DEADLINE_SECONDS) == 0


def test_a_model_that_cannot_be_had_ends_the_demo_with_its_own_words(tmp_path: Path) -> None:
    with demo(tmp_path, free_port(), "fail") as process:
        assert process.wait(DEADLINE_SECONDS) == 1
    assert "no weights" in said(tmp_path)
    assert "The model server ended with status 1." in said(tmp_path)


def test_ctrl_c_while_the_model_is_prepared_ends_it(tmp_path: Path) -> None:
    with demo(tmp_path, free_port()) as process:
        until(lambda: "preparing" in said(tmp_path), "the model")
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE_SECONDS) == 0


def test_a_port_that_is_taken_is_told_and_the_others_make_room() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match="--port"):
            places(port, free_port())
        where = places(free_port(), port)
        assert where.admin != f"127.0.0.1:{port}"
        assert one_free(port) != port
    assert len({where.listen, where.admin, *where.models}) == 4


def test_the_demos_files_are_good_settings_and_good_routing(tmp_path: Path) -> None:
    settings = read_settings(files.write(tmp_path, PLACES))
    assert (settings.listen, settings.admin, settings.auth) == ("127.0.0.1:8000", "127.0.0.1:8001", "none")
    routing, _ = read_routing(Path(settings.routing))
    assert routing.models["assistant"].split == {"smol-1": 90, "smol-2": 10}
    assert routing.versions["smol-2"].endpoints == ["http://127.0.0.1:9102"]


def test_routing_that_somebody_edited_is_kept_while_its_endpoints_are_right(tmp_path: Path) -> None:
    files.write(tmp_path, PLACES)
    routing = tmp_path / "routing.yaml"
    routing.write_text(routing.read_text().replace("smol-1: 90", "smol-1: 50"))
    files.write(tmp_path, PLACES)
    assert "smol-1: 50" in routing.read_text()
    moved = files.Places(listen="127.0.0.1:8000", admin="127.0.0.1:8001", models=("127.0.0.1:1", "127.0.0.1:2"))
    files.write(tmp_path, moved)
    assert "smol-1: 90" in routing.read_text()
    assert "http://127.0.0.1:1" in routing.read_text()


@pytest.mark.parametrize(("environment", "expected"), [
    ({"GATEWRIGHT_CACHE": "/c"}, "/c/demo"),
    ({"XDG_CACHE_HOME": "/x"}, "/x/gatewright/demo"),
    ({}, f"{Path.home()}/.cache/gatewright/demo"),
])
def test_the_demo_keeps_its_files_in_the_cache(environment: dict[str, str], expected: str) -> None:
    assert str(files.default_folder(environment)) == expected


def test_three_curl_lines_a_program_and_the_console_are_offered() -> None:
    told = words.ready("http://127.0.0.1:8000/v1", "http://127.0.0.1:8001", "routing.yaml", "log")
    assert len([line for line in told.splitlines() if line.strip().startswith("curl ")]) == 3
    assert '"stream": true' in told
    assert "http://127.0.0.1:8000/v1/models" in told
    program = told[told.index("  from openai"):told.index("Console:")]
    compile("\n".join(line[2:] for line in program.splitlines()), "openai", "exec")
