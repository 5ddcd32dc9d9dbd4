"""``gatewright guard train``: a script as a child process, from what it needs to what it has made."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from guardrails.training.trainable import TRAINABLE
from operations.cli import guard_training
from operations.cli.program import main
from operations.cli.training_progress import Lines, left, loss, shown_on
from operations.guards.training import Made, Step, lacking_packages, running, understood
from tests.operations.running import DEADLINE_SECONDS, ROOT, until

Train = Callable[..., Result]


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """A folder that, on a child's path, has scripted trainings where the real ones are."""
    package = tmp_path / "scripts" / "guardrails" / "training"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    for model in TRAINABLE:
        shutil.copy(ROOT / "tests" / "operations" / "scripted_training.py", package / f"{model.name}.py")
    return tmp_path / "scripts"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for name in {name for model in TRAINABLE for name in model.data}:
        (folder / name).touch()
    (folder / "behaviour").write_text("works")
    return folder


@pytest.fixture
def train(tmp_path: Path, scripts: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> Train:
    """The command with the packages there, as far as anybody looks."""
    monkeypatch.setenv("PYTHONPATH", str(scripts))
    monkeypatch.chdir(tmp_path)
    packages = tmp_path / "packages"
    for name in {name for model in TRAINABLE for name in lacking_packages(model)}:
        (packages / name).mkdir(parents=True)
        (packages / name / "__init__.py").touch()
    monkeypatch.syspath_prepend(packages)
    return lambda *words: CliRunner().invoke(
        main, ["guard", "train", *words, "--data", "data", "--out", "models"], catch_exceptions=False)


def test_a_model_is_made_and_told_with_its_figures_its_digest_and_where_it_lies(train: Train, tmp_path: Path) -> None:
    result = train("safety", "--seed", "11")
    assert result.exit_code == 0
    made = tmp_path / "models" / "safety" / "weights"
    assert made.read_bytes() == b"11 None"
    assert "safety: models/safety, made in" in result.stdout
    assert "toxicity.auprc  0.8123" in result.stdout
    assert "gatewright guard models show safety --folder models" in result.stdout
    assert result.stderr.splitlines() == [
        "safety: epoch 1  1/3  loss 1.0000  2 s left", "safety: epoch 2  3/3  loss 0.3333"]


def test_all_are_made_in_order_each_from_what_those_before_have_made(train: Train, tmp_path: Path) -> None:
    answer = json.loads(train("all", "--json").stdout)
    assert [one["name"] for one in answer["trained"]] == [model.name for model in TRAINABLE]
    assert (answer["seed"], answer["trained"][0]["figures"]["rows"]) == (7, 12)
    assert (tmp_path / "models" / "fast" / "weights").read_text() == "7 models/safety"


def test_the_bound_of_a_training_reaches_those_that_take_one(train: Train, tmp_path: Path) -> None:
    assert train("all", "--minutes", "1.5").exit_code == 0
    models = tmp_path / "models"
    assert (models / "safety" / "weights").read_bytes() == b"7 None 1.5 minutes"
    assert b"minutes" not in (models / "fast" / "weights").read_bytes()


def test_a_gpu_trains_those_that_one_can_train(train: Train, tmp_path: Path) -> None:
    assert train("all", "--device", "cuda").exit_code == 0
    models = tmp_path / "models"
    assert (models / "safety" / "weights").read_bytes() == b"7 None on cuda"
    assert b"cuda" not in (models / "fast" / "weights").read_bytes()


def test_what_is_missing_is_told_before_anything_runs(train: Train, data: Path, tmp_path: Path) -> None:
    (data / "toxicity_train.jsonl").unlink()
    (data / "injection_dev.jsonl").unlink()
    result = train("all")
    assert result.exit_code == 1
    assert "data/toxicity_train.jsonl" in result.stderr
    assert "data/injection_dev.jsonl" in result.stderr
    error = json.loads(train("safety", "--json").stdout)["error"]
    assert (error["code"], len(error["missing"])) == ("data_missing", 2)
    assert not (tmp_path / "models").exists()


def test_a_model_that_learns_from_another_says_which_to_train_first(train: Train, tmp_path: Path,
                                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the other is neither there nor bundled; else it learns from the one that is nearer."""
    monkeypatch.setattr(guard_training, "BUNDLED", tmp_path / "bundled")
    result = train("fast")
    assert result.exit_code == 1
    assert "fast learns from safety, which is neither in models nor bundled: first train safety" in result.stderr
    bundled = tmp_path / "bundled" / "safety"
    bundled.mkdir(parents=True)
    (bundled / "safety.json").write_text("{}")
    assert train("fast").exit_code == 0
    assert (tmp_path / "models" / "fast" / "weights").read_text() == "7 None"


def test_packages_that_are_missing_are_told_with_their_extra(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    result = train("safety")
    assert result.exit_code == 1
    assert result.stderr.strip() == "Training needs torch: pip install 'gatewright[train]'"


def test_a_place_that_cannot_be_written_is_told(train: Train, tmp_path: Path) -> None:
    (tmp_path / "models").touch()
    assert "models is no folder to put models into" in train("safety").stderr


@pytest.mark.parametrize(("behaviour", "said"), [
    ("fails", ("ended with status 1", "a warning of a library", "ValueError: no row can be read")),
    ("is silent", ("ended without telling what it has made", "reading")),
    ("lies", ("tells the digest 0000", "what lies in models/safety has "))])
def test_a_script_that_fails_has_its_last_words(train: Train, data: Path, behaviour: str,
                                                said: tuple[str, ...]) -> None:
    (data / "behaviour").write_text(behaviour)
    result = train("safety")
    assert result.exit_code == 1
    assert all(words in result.stderr for words in said)
    assert json.loads(train("safety", "--json").stdout)["error"]["code"] == "training_failed"


@contextmanager
def waiting(data: Path, scripts: Path, folder: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """The command as a process of its own, whose script waits; and the file with what it says."""
    (data / "behaviour").write_text("waits")
    words = ["guard", "train", "safety", "--data", str(data), "--out", str(folder / "models")]
    packages = ", ".join(f"{name}=os" for model in TRAINABLE for name in model.packages if model.name == "safety")
    program = (f"import os, sys, guardrails; sys.argv[1:] = {words!r}; os.environ['PYTHONPATH'] = {str(scripts)!r};"
               f"from operations.cli.program import main; sys.modules.update({packages}); main()")
    with (folder / "said").open("w") as said:
        process = subprocess.Popen([sys.executable, "-c", program], stdout=said, stderr=said, text=True, cwd=folder,
                                   env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        yield process, folder / "said"
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(DEADLINE_SECONDS)


def scripts_that_run(scripts: Path) -> list[int]:
    """Every process that has the folder of scripts on its path."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "environ").read_bytes().split(b"\0") if entry.name.isdigit() else []
        except OSError:
            continue
        if f"PYTHONPATH={scripts}".encode() in words:
            found.append(int(entry.name))
    return found


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_is_passed_on_and_nothing_is_left_behind(data: Path, scripts: Path, tmp_path: Path,
                                                          number: signal.Signals, status: int) -> None:
    with waiting(data, scripts, tmp_path) as (process, said):
        until(lambda: "3/3" in said.read_text(), "the last step")
        process.send_signal(number)
        assert process.wait(DEADLINE_SECONDS) == status
    assert said.read_text().splitlines()[-1] == f"The training of safety was stopped ({number.name})."
    assert scripts_that_run(scripts) == []


def test_who_has_to_be_asked_twice_is_killed() -> None:
    deaf = ("import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN);"
            """print('{"step": "deaf", "done": 0, "total": 1}', flush=True); time.sleep(60)""")
    with running([sys.executable, "-c", deaf]) as (script, signals):
        for step in script.told():
            assert step == Step("deaf", 0, 1)
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
        assert script.wait() == -signal.SIGKILL
        assert signals.passed_on == signal.SIGINT


def test_a_script_does_not_outlive_whoever_watches_it() -> None:
    with pytest.raises(ZeroDivisionError), running([sys.executable, "-c", "input()"]) as (script, _):
        raise ZeroDivisionError
    assert script.wait() == -signal.SIGKILL


@pytest.mark.parametrize(("line", "wanted"), [
    (b'{"step": "a", "done": 1, "total": 2}', Step("a", 1, 2)),
    (b'{"step": "a", "done": 1, "total": 2, "loss": 0.5, "seconds": 3, "tokens_a_second": 9}', Step("a", 1, 2, 0.5, 3)),
    (b'{"written": "x", "sha256": "y"}', Made("x", "y")), (b"reading", None), (b"[1]", None), (b'{"step": 1}', None),
    (b"\xff", None)])
def test_a_line_is_a_step_what_was_made_or_words(line: bytes, wanted: Step | Made | None) -> None:
    assert understood(line) == wanted


def test_the_time_that_is_left_goes_by_what_was_taken() -> None:
    assert [left(Step("a", done, 100, None, 60.0)) for done in (10, 50, 100, 0)] == ["9 min left", "60 s left", "", ""]
    assert (left(Step("a", 1, 2)), loss(Step("a", 1, 2, 0.25))) == ("", "loss 0.2500")


def test_plain_lines_are_few(capsys: pytest.CaptureFixture[str]) -> None:
    """A hundred steps of a second each: the first, the last, and one in ten between."""
    lines = Lines(itertools.count(0.0).__next__)
    for done in range(1, 101):
        lines.show("fast", Step("epochs", done, 100))
    assert len(capsys.readouterr().err.splitlines()) == 11


def test_a_terminal_has_a_bar() -> None:
    console = Console(file=StringIO(), force_terminal=True, width=120)
    opened, shown = shown_on(console, itertools.count(0.0).__next__)
    with opened:
        for done in (1, 2):
            shown.show("fast", Step("epochs", done, 2, 0.5, 8.0 * done))
    drawn = console.file.getvalue()  # type: ignore[attr-defined]
    assert "fast: epochs" in drawn
    assert "2/2" in drawn
    assert "loss 0.5000" in drawn
