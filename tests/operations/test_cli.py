"""The command against a real service: what it prints, what it returns, and what it says when it cannot."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import msgspec
import pytest
from click.testing import CliRunner, Result

from operations.cli.program import main
from tests.operations.routings import TEXT
from tests.operations.running import ROOT, Running, free_port, running, until

Command = Callable[..., Result]


def invoke(*arguments: str, **environment: str) -> Result:
    """Runs one command; a failure that is a bug is raised, not printed."""
    result = CliRunner(env={"GATEWRIGHT_ADMIN": None, "GATEWRIGHT_ADMIN_KEY": None, **environment}).invoke(
        main, arguments, catch_exceptions=False)
    assert result.exit_code in (0, 1, 2)
    return result


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("service")) as service:
        yield service


@pytest.fixture
def command(service: Running) -> Command:
    return lambda *arguments: invoke(*arguments, GATEWRIGHT_ADMIN=service.addresses["admin"])


def routing_with(folder: Path, weight: float) -> str:
    path = folder / f"routing-{weight}.yaml"
    path.write_text(TEXT.replace("90", str(weight)))
    return str(path)


def leaves(group: click.Group, *path: str) -> Iterator[tuple[str, ...]]:
    """Every command that does something."""
    for name in group.list_commands(click.Context(group)):
        found = group.get_command(click.Context(group), name)
        if isinstance(found, click.Group):
            yield from leaves(found, *path, name)
        else:
            yield (*path, name)


LEAVES = list(leaves(main))  # type: ignore[arg-type]


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_command_explains_itself_and_speaks_json(path: tuple[str, ...]) -> None:
    help_text = invoke(*path, "--help").output
    assert "--json" in help_text
    assert len(help_text.splitlines()[2].strip()) > 20, "it says what it does"


@pytest.mark.parametrize("group", sorted({path[0] for path in LEAVES if len(path) > 1}))
def test_every_noun_has_list_and_show(group: str) -> None:
    assert {(group, "list"), (group, "show")} <= set(LEAVES)


@pytest.mark.parametrize("path", [
    ("apply",), ("rollback",), ("audit", "seal"), ("backup", "create"), ("backup", "restore"), ("drill", "restore"),
], ids=" ".join)
def test_every_verb_that_changes_something_takes_a_reason_and_a_dry_run(path: tuple[str, ...]) -> None:
    help_text = invoke(*path, "--help").output
    assert "--reason" in help_text
    assert "--dry-run" in help_text


def test_help_teaches_with_examples() -> None:
    text = invoke("--help").output
    assert "gatewright serve --config gatewright.yaml" in text
    assert "Exit status" in text
    for path in LEAVES:
        if len(path) == 1 and path[0] not in ("history", "show-revision"):
            assert "Example" in invoke(*path, "--help").output, path


def test_a_change_goes_its_whole_way(command: Command, tmp_path: Path) -> None:
    """plan, dry run, apply, stale apply, history, diff, rollback."""
    before = msgspec.json.decode(command("history", "--json").output)["current"]
    file = routing_with(tmp_path, 80)
    planned = command("plan", file)
    assert "~ models.assistant.split.smol-1: 90 -> 80" in planned.output
    assert f"--based-on {before}" in planned.output
    assert "dry run: revision" in command("apply", file, "--reason", "less", "--dry-run").output
    applied = command("apply", file, "--reason", "less", "--based-on", str(before))
    assert applied.exit_code == 0
    assert f"revision {before + 1} is live" in applied.output
    assert "served by w0, w1" in applied.output
    stale = command("apply", routing_with(tmp_path, 70), "--reason", "no", "--based-on", str(before))
    assert stale.exit_code == 1
    assert f"revision {before + 1} is current" in stale.output
    assert "unchanged" in command("apply", file, "--reason", "again").output
    assert "less" in command("history").output.splitlines()[1]
    assert "90 -> 80" in command("diff", str(before), "current").output
    rolled = command("rollback", "--reason", "slow", "--json")
    assert msgspec.json.decode(rolled.output)["revision"] == before + 2
    assert "no difference" in command("diff", str(before), "current").output
    assert "rollback" in command("revision", "list").output
    assert "revision.roll_back" in command("act", "list").output


def test_a_shown_revision_can_be_applied_again(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "shown.yaml"
    path.write_text(command("revision", "show", "1").output)
    assert invoke("check", "--routing", str(path)).output == "ok\n"
    assert command("show-revision", "1").output == path.read_text()


def test_broken_routing_is_refused_before_it_is_sent_with_every_problem(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(TEXT.replace("90", "no").replace("models:", "model:"))
    for arguments in (("plan", str(path)), ("apply", str(path), "--reason", "r")):
        result = command(*arguments)
        assert result.exit_code == 1
        assert "Did you mean 'models'?" in result.output
    answer = msgspec.json.decode(command("plan", str(path), "--json").output)
    assert [problem["path"] for problem in answer["problems"]] == ["model", "models"]


def test_an_exchange_is_listed_shown_and_explained(command: Command, service: Running) -> None:
    identity = until(service.ask, "an answer")
    until(lambda: identity in command("exchange", "list").output, "the ledger")
    story = command("explain", identity).output
    for words in (f"Exchange {identity} began at", "asked for model assistant", "version smol-1",
                  "the user falls at 0.250000", "90.0% of all units", "Attempt 1 went to http://127.0.0.1:9",
                  "answered with status 200", "500.0 ms in all", "7 of prompt, 5 of completion"):
        assert words in story
    as_json = msgspec.json.decode(command("explain", identity, "--json").output)
    assert as_json["exchange"]["id"] == identity
    assert as_json["story"] == story.splitlines()
    assert "arm_served" in command("exchange", "show", identity).output
    missing = command("explain", "no-such-exchange")
    assert (missing.exit_code, "There is no exchange" in missing.output) == (1, True)


def test_workers_are_listed_and_shown(command: Command) -> None:
    listed = command("worker", "list").output.splitlines()
    assert [line.split()[0] for line in listed] == ["WORKER", "w0", "w1"]
    assert "http://127.0.0.1:9" in command("worker", "show", "w0").output
    assert command("worker", "show", "w9").exit_code == 1


def test_an_act_is_shown(command: Command) -> None:
    assert "revision.apply" in command("act", "show", "1").output


def test_an_admin_port_that_does_not_answer_is_told_in_one_sentence() -> None:
    result = invoke("history", "--admin", f"http://127.0.0.1:{free_port()}")
    assert result.exit_code == 1
    assert "does not answer" in result.output
    assert "GATEWRIGHT_ADMIN" in result.output
    as_json = invoke("history", "--json", "--admin", f"http://127.0.0.1:{free_port()}")
    assert msgspec.json.decode(as_json.output)["error"]["code"] == "admin_unreachable"


def test_a_port_of_something_else_is_told_apart(service: Running) -> None:
    result = invoke("history", "--admin", service.addresses["listen"])
    assert (result.exit_code, "is it a gatewright admin port?" in result.output) == (1, True)


def test_wrong_usage_is_status_two(command: Command) -> None:
    assert command("apply").exit_code == 2
    assert command("nonsense").exit_code == 2
    assert command("check").exit_code == 2


def test_with_a_key_the_command_needs_it(tmp_path: Path) -> None:
    service = Running(tmp_path, workers=1)
    service.environment["GATEWRIGHT_ADMIN_KEY"] = "open sesame"
    service.start()
    try:
        address = until(lambda: service.events("listening"), "the address")[0]["admin"]
        until(lambda: service.events("child_started", child="w0"), "the start")
        without = invoke("history", "--admin", address)
        assert (without.exit_code, "GATEWRIGHT_ADMIN_KEY" in without.output) == (1, True)
        assert invoke("history", "--admin", address, GATEWRIGHT_ADMIN_KEY="open sesame").exit_code == 0
    finally:
        service.process.terminate()
        service.wait()


class TestCheck:
    """`gatewright check`: everything that is wrong, in both files, in one go."""

    def test_good_files_are_ok_with_their_warnings(self, tmp_path: Path) -> None:
        (tmp_path / "gatewright.yaml").write_text("routing: routing.yaml\nretention: {exchanges: 30d}\n")
        (tmp_path / "routing.yaml").write_text(TEXT)
        result = invoke("check", "--config", str(tmp_path / "gatewright.yaml"))
        assert result.exit_code == 0
        assert result.output.startswith("warning: retention.exchanges")
        as_json = msgspec.json.decode(invoke("check", "--config", str(tmp_path / "gatewright.yaml"), "--json").output)
        assert as_json["ok"] is True
        assert len(as_json["warnings"]) == 1

    def test_errors_of_both_files_are_told_with_path_expected_found_and_nearest(self, tmp_path: Path) -> None:
        (tmp_path / "gatewright.yaml").write_text("routing: routing.yaml\nworkrs: 2\nlisten: 8000\n")
        (tmp_path / "routing.yaml").write_text(TEXT.replace("smol-2: 10", "smol-3: 10"))
        config, routing = str(tmp_path / "gatewright.yaml"), str(tmp_path / "routing.yaml")
        result = invoke("check", "--config", config, "--routing", routing)
        assert result.exit_code == 1
        assert "workrs: expected one of" in result.output
        assert "Did you mean 'workers'?" in result.output
        assert "listen: expected an address such as" in result.output
        assert "found 8000" in result.output
        assert "Did you mean 'smol-2'?" in result.output
        problems = msgspec.json.decode(invoke("check", "--config", config, "--routing", routing, "--json").output)
        assert [problem["path"] for problem in problems["problems"]] == [
            "workrs", "listen", "models.assistant.split.smol-3"]

    def test_a_file_that_is_not_there_is_told(self, tmp_path: Path) -> None:
        result = invoke("check", "--config", str(tmp_path / "none.yaml"))
        assert (result.exit_code, "expected a readable file" in result.output) == (1, True)


def test_serving_needs_neither_the_client_nor_the_database() -> None:
    """The supervisor stays small: what the others need is not imported for it."""
    program = ("import sys, operations.cli.serving; "
               "print([name for name in ('httpx2', 'rich', 'sqlalchemy', 'starlette', 'uvicorn', 'asyncio') "
               "if name in sys.modules])")
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert result.stdout == "[]\n"


def test_the_module_can_be_run() -> None:
    result = subprocess.run([sys.executable, "-m", "operations.cli", "check", "--help"], capture_output=True, text=True,
                            check=True, cwd=ROOT)
    assert "gatewright check --config gatewright.yaml" in result.stdout


def test_serve_tells_every_problem_of_its_settings(tmp_path: Path) -> None:
    (tmp_path / "gatewright.yaml").write_text("workers: 0\nlog_level: loud\n")
    result = invoke("serve", "--config", str(tmp_path / "gatewright.yaml"))
    assert result.exit_code == 1
    for path in ("workers:", "log_level:", "routing:"):
        assert path in result.output
