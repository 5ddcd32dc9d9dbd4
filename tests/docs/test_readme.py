"""The README's own lines, run: its curl and Python against a gateway as the demo has it, its files and commands as they
stand. In place of the models answers the fake upstream."""

import argparse
import asyncio
import os
import shlex
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import click
import httpx2 as httpx
import msgspec
import pytest
import pytest_asyncio
import yaml

from operations.cli import main
from operations.demo import files
from tests.docs.documents import ROOT, Fence, fences
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess

README = ROOT / "README.md"
FENCES = list(fences(README))


def lines(command: str) -> list[str]:
    return [line for fence in FENCES if fence.language == "sh" for line in fence.text.splitlines()
            if line.startswith(command)]


def block(beginning: str) -> Fence:
    return next(fence for fence in FENCES if fence.text.startswith(beginning))


def curl(line: str) -> argparse.Namespace:
    """A curl line, read. An option that is not known here ends the test."""
    parser = argparse.ArgumentParser(exit_on_error=True)
    parser.add_argument("url")
    parser.add_argument("-i", action="store_true")
    parser.add_argument("-N", action="store_true")
    parser.add_argument("-H", action="append", default=[])
    parser.add_argument("-d")
    return parser.parse_args(shlex.split(line)[1:])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayProcess]:
    """A gateway on the demo's own routing."""
    template = (Path(files.__file__).parent / "routing.yaml").read_text()
    async with FakeVLLM("smollm2-135m") as first, FakeVLLM("smollm2-135m") as second:
        routing = yaml.safe_load(template.replace("FIRST", first.url).replace("SECOND", second.url))
        async with GatewayProcess(tmp_path_factory.mktemp("demo"), routing) as gateway:
            yield gateway


def here(text: str, gateway: GatewayProcess) -> str:
    return text.replace("http://127.0.0.1:8000", gateway.base_url).replace("http://127.0.0.1:8001", gateway.admin_url)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("line", lines("curl "))
async def test_a_curl_line_is_answered(demo: GatewayProcess, line: str) -> None:
    asked = curl(here(line, demo))
    headers = dict(header.split(": ", 1) for header in asked.H)
    async with httpx.AsyncClient(trust_env=False) as client:
        reply = await client.request("POST" if asked.d else "GET", asked.url, headers=headers, content=asked.d)
    assert reply.status_code == 200, reply.text
    if asked.N:
        assert reply.text.endswith("data: [DONE]\n\n")
    if asked.i:
        shown = [one.split(":")[0] for one in block("HTTP/1.1 200").text.splitlines() if one.startswith("x-")]
        assert [name for name in reply.headers if name.startswith("x-")] == shown
    if asked.d:
        model = msgspec.json.decode(asked.d)["model"]
        assert reply.headers["x-gatewright-version"] == (model if "@" in model else f"{model}@smol-1")


async def run(*words: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> str:
    """What a program prints; it has to end well."""
    path = f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    process = await asyncio.create_subprocess_exec(
        *words, env={**os.environ, **(env or {}), "PYTHONPATH": path, "NO_PROXY": "127.0.0.1"}, cwd=cwd,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, said.decode()
    return said.decode()


@pytest.mark.asyncio(loop_scope="module")
async def test_the_python_lines_print_what_the_model_says(demo: GatewayProcess) -> None:
    source = next(fence for fence in FENCES if fence.language == "python").text
    assert (await run(sys.executable, "-c", here(source, demo))).strip()


async def type_in(line: str, gateway: GatewayProcess, cwd: Path) -> str:
    words = [sys.executable, "-m", "operations.cli", *shlex.split(line, comments=True)[1:]]
    return await run(*words, env={"GATEWRIGHT_ADMIN": gateway.admin_url}, cwd=cwd)


async def test_the_files_and_commands_do_what_they_show(tmp_path: Path) -> None:
    """From the two files of the README to a split that was changed and taken back, and an answer to why."""
    settings, routing = block("# gatewright.yaml").text, block("# routing.yaml").text
    copied = tmp_path / "copied"
    copied.mkdir()
    (copied / "gatewright.yaml").write_text(settings)
    (copied / "routing.yaml").write_text(routing)
    (copied / "half.yaml").write_text(routing.replace("now: 90, next: 10", "now: 50, next: 50"))
    async with FakeVLLM("my-model") as one, FakeVLLM("my-model") as two, FakeVLLM("my-model") as three:
        for port, server in (("9101", one), ("9102", two), ("9103", three)):
            for name in ("routing.yaml", "half.yaml"):
                path = copied / name
                path.write_text(path.read_text().replace(f"http://127.0.0.1:{port}", server.url))
        written = yaml.safe_load((copied / "routing.yaml").read_text())
        async with GatewayProcess(tmp_path / "running", written) as gateway:
            assert await type_in(lines("gatewright check")[0], gateway, copied) == "ok\n"
            said = [await type_in(line, gateway, copied) for line in change_lines()]
            assert "".join(said).replace("\n", " ").count(block("~ models").text.replace("\n", " ")) == 1
            assert "split.next: 50 -> 10" in said[-1]
            await ask_why(gateway, copied)


def change_lines() -> list[str]:
    return [line for line in block("gatewright plan").text.splitlines() if line]


async def ask_why(gateway: GatewayProcess, cwd: Path) -> None:
    """`explain` tells the same sentences as the README's example, with other numbers."""
    body = {"model": "assistant", "user": "anna", "messages": [{"role": "user", "content": "Name three rivers."}]}
    async with httpx.AsyncClient(trust_env=False) as client:
        reply = await client.post(f"{gateway.base_url}/v1/chat/completions", json=body)
    exchange = reply.headers["x-request-id"]
    await gateway.until(lambda: in_ledger(gateway, exchange), "the exchange to be in the ledger")
    shown, *others = [*lines("gatewright explain"), *lines("gatewright exchange")]
    told = await type_in(shown.rpartition(" ")[0] + f" {exchange}", gateway, cwd)
    starts = [first_words(line) for line in told.splitlines()]
    example = [first_words(line) for line in block("Exchange 0").text.splitlines()]
    assert [words for words in example if words in starts] == starts
    for line in others:
        await type_in(line, gateway, cwd)


def first_words(line: str) -> str:
    """Of what a story says in a line, whenever that was; of a figure its label."""
    return (line[13:] if line[:1] in " +" else line).split(" ")[0]


async def in_ledger(gateway: GatewayProcess, exchange: str) -> bool:
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(f"{gateway.admin_url}/admin/exchanges/{exchange}")).status_code == 200


async def test_a_key_is_made(tmp_path: Path) -> None:
    """Its lines for gatewright.yaml are lines that the checker takes."""
    words = shlex.split(lines("gatewright key")[0])[1:]
    said = await run(sys.executable, "-m", "operations.cli", *words, cwd=tmp_path)
    assert said.startswith("gw_")
    settings = block("# gatewright.yaml").text.replace("auth: none", "auth: required") + said[said.index("keys:"):]
    (tmp_path / "gatewright.yaml").write_text(settings)
    (tmp_path / "routing.yaml").write_text(block("# routing.yaml").text)
    assert await run(sys.executable, "-m", "operations.cli", *shlex.split(lines("gatewright check")[0])[1:],
                     cwd=tmp_path) == "ok\n"


@pytest.mark.parametrize("line", [line for noun in ("audit", "backup", "drill", "erase")
                                  for line in lines(f"gatewright {noun} ")])
def test_a_command_of_the_ledger_is_one(line: str) -> None:
    """What they do is tested where they are; here, that they are written as they are called."""
    command: click.Command = main
    words = shlex.split(line.partition(" > ")[0], comments=True)[1:]
    context = click.Context(command)
    while isinstance(command, click.Group):
        name, command, words = command.resolve_command(context, words)
        assert command is not None
        context = click.Context(command, parent=context, info_name=name)
    command.make_context(context.info_name, words)
