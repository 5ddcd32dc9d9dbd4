"""The files of deploy/ and the images fit the program. No image is built here: their instructions are read."""

import asyncio
import fnmatch
import re
import shlex
import sys
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from gateway.config.reading import read_routing, read_settings
from tests.docs.commands import parse
from tests.docs.documents import ROOT, rows
from tests.gateway_process import GatewayProcess, routing_to

DEPLOY = ROOT / "deploy"
IMAGES = [ROOT / "Dockerfile", DEPLOY / "demo.Dockerfile"]


def instructions(path: Path) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile: comments gone, continued lines joined."""
    kept = "\n".join(line for line in path.read_text().splitlines() if not line.startswith("#"))
    return [(word, rest) for line in kept.replace("\\\n", " ").splitlines() if line.strip()
            for word, _, rest in [line.partition(" ")]]


def arguments(path: Path, name: str) -> list[str]:
    return [rest for word, rest in instructions(path) if word == name]


def last_stage(path: Path) -> list[tuple[str, str]]:
    found = instructions(path)
    start = max(index for index, (word, _) in enumerate(found) if word == "FROM")
    return found[start:]


def copied(path: Path) -> set[str]:
    """What an image takes from the repository."""
    lines = [rest.split() for rest in arguments(path, "COPY") if not rest.startswith("--from")]
    return {source for words in lines for source in words[:-1]}


@pytest.mark.parametrize("image", IMAGES, ids=lambda path: path.name)
def test_what_an_image_copies_is_there_and_not_ignored(image: Path) -> None:
    patterns = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    for source in copied(image):
        assert (ROOT / source).exists()
        verdicts = [not pattern.startswith("!") for pattern in patterns if fnmatch.fnmatch(source, pattern.lstrip("!"))]
        assert verdicts[-1] is False, source


@pytest.mark.parametrize("image", IMAGES, ids=lambda path: path.name)
def test_an_image_has_every_package_that_is_installed(image: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = {name.rstrip("*") for name in project["tool"]["setuptools"]["packages"]["find"]["include"]}
    read = {project["project"]["readme"], *project["project"]["license-files"], "pyproject.toml"}
    assert packages | read == copied(image)


@pytest.mark.parametrize("image", IMAGES, ids=lambda path: path.name)
def test_an_image_does_not_run_as_root(image: Path) -> None:
    users = [rest for word, rest in last_stage(image) if word == "USER"]
    assert users
    assert not {"root", "0"} & set(users)


@pytest.mark.parametrize("image", IMAGES, ids=lambda path: path.name)
def test_the_command_of_an_image_can_be_typed(image: Path) -> None:
    (entry,), (command,) = arguments(image, "ENTRYPOINT"), arguments(image, "CMD")
    assert msgspec.json.decode(entry) == ["gatewright"]
    parse(msgspec.json.decode(command))


def test_the_image_of_the_gateway_installs_no_extra() -> None:
    installs = [rest for rest in arguments(ROOT / "Dockerfile", "RUN") if "pip install" in rest]
    assert [shlex.split(rest)[-1] for rest in installs] == ["."]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert [name for name in project["dependencies"] if re.match(r"torch|transformers|vllm", name)] == []


async def test_the_health_check_tells_a_gateway_from_none(tmp_path: Path) -> None:
    """Its program, run as it stands, on another port: alive also while no model can be served."""
    (check,) = arguments(ROOT / "Dockerfile", "HEALTHCHECK")
    words = msgspec.json.decode(check[check.index("["):])
    assert words[0] == "python"
    gateway = GatewayProcess(tmp_path, routing_to("http://127.0.0.1:1"))
    program = words[-1].replace("8000", str(gateway.port))

    async def status() -> int:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stderr=asyncio.subprocess.DEVNULL)
        return await process.wait()

    assert await status() != 0
    started = asyncio.create_task(gateway.start())  # it waits to be ready, and is cancelled: it never will be
    try:
        deadline = asyncio.get_running_loop().time() + 30
        while await status() != 0:
            assert asyncio.get_running_loop().time() < deadline, gateway.log
            await asyncio.sleep(0.1)
        assert not await gateway.is_ready()
    finally:
        started.cancel()
        await asyncio.gather(started, return_exceptions=True)
        await gateway.stop()


def test_the_configuration_of_compose_is_accepted() -> None:
    settings = read_settings(DEPLOY / "config" / "gatewright.yaml")
    assert Path(settings.routing) == DEPLOY / "config" / "routing.yaml"
    assert settings.auth == "required"
    read_routing(Path(settings.routing))


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    return found


def test_compose_builds_and_mounts_what_is_there() -> None:
    gateway = compose()["gateway"]
    assert (DEPLOY / gateway["build"]["context"] / "Dockerfile").resolve() == ROOT / "Dockerfile"
    settings = read_settings(DEPLOY / "config" / "gatewright.yaml")
    places = dict(volume.split(":")[:2] for volume in gateway["volumes"])
    assert places["./config"] == "/etc/gatewright"
    assert (DEPLOY / "config").is_dir()
    assert places["state"] == settings.state


def test_compose_publishes_the_admin_port_on_loopback_only_and_waits_for_the_drain() -> None:
    gateway, settings = compose()["gateway"], read_settings(DEPLOY / "config" / "gatewright.yaml")
    assert gateway["ports"] == [f"{settings.listen.port}:8000", f"127.0.0.1:{settings.admin.port}:8001"]
    assert "GATEWRIGHT_ADMIN_KEY" in gateway["environment"]
    longest = settings.drain.grace + settings.drain.finish + 5 + 20  # the supervisor's own patience: _stop
    assert int(gateway["stop_grace_period"].removesuffix("s")) >= longest


def test_the_routing_of_compose_leads_to_its_servers() -> None:
    servers = {f"http://{name}:8000" for name in compose() if name != "gateway"}
    routing, _ = read_routing(DEPLOY / "config" / "routing.yaml")
    assert {url for version in routing.versions.values() for url in version.endpoints} == servers
    served = {word.partition("=")[2] for word in compose()["vllm"]["command"] if word.startswith("--served-model-name")}
    assert {version.served_model for version in routing.versions.values()} == served


def test_every_alert_is_over_metrics_that_are_documented() -> None:
    documented = set(rows(ROOT / "docs" / "metrics.md"))
    named = set(re.findall(r"gatewright_\w+", (DEPLOY / "alerts.yml").read_text()))
    assert named
    assert named - documented == set()


def test_every_alert_says_what_happened_and_what_to_do() -> None:
    rules = [rule for group in yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"] for rule in group["rules"]]
    assert [rule["alert"] for rule in rules if rule["annotations"].keys() != {"summary", "remedy"}] == []


def test_prometheus_asks_the_admin_port_and_reads_the_alerts() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
    assert [(DEPLOY / name).exists() for name in config["rule_files"]] == [True]
    assert config["scrape_configs"][0]["static_configs"][0]["targets"] == ["127.0.0.1:8001"]
