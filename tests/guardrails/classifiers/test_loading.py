"""Loading: each classifier for itself, told when it is there and when it is not, and tried again."""

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from guardrails.classifiers.classifier import ClassifierAway
from guardrails.classifiers.in_process import InProcess
from guardrails.classifiers.loading import Loading, makers_of
from guardrails.classifiers.reading import Readings
from guardrails.classifiers.settings import CheckpointSettings, ClassifierSettings
from tests.guardrails.classifiers.scripted import Scripted
from tests.guardrails.classifiers.test_process import Remembering, Watching, until


class Log(Remembering):
    error = Remembering.info


def loading(names: list[str], again_seconds: float = 0.01) -> tuple[Loading, Readings, Log]:
    log = Log()
    readings = Readings(time.monotonic, Watching(), names)
    return Loading(readings, time.monotonic, log, lambda error: [], again_seconds), readings, log


async def test_one_that_takes_its_time_keeps_no_other_waiting() -> None:
    held = threading.Event()
    load, readings, _ = loading(["slow", "quick"])

    def slow() -> Scripted:
        held.wait(10)
        return Scripted("slow")

    work = asyncio.ensure_future(load.run({"slow": slow, "quick": lambda: Scripted("quick")}))
    await until(lambda: readings.states["quick"] == "ready", "the quick one")
    assert readings.states["slow"] == "loading"
    held.set()
    await work
    assert readings.states == {"slow": "ready", "quick": "ready"}


async def test_one_that_cannot_be_loaded_is_broken_and_tried_again() -> None:
    load, readings, log = loading(["own"])
    states: list[str] = []
    readings.on_change.add(lambda: states.append(readings.states["own"]))
    tries = iter([OSError("no disk"), ValueError("no head")])

    def make() -> Any:
        error = next(tries, None)
        if error is not None:
            raise error
        return Scripted("own")

    await load.run({"own": make})
    assert states == ["broken", "broken", "ready"]
    assert log.events == ["classifier_broken", "classifier_broken", "classifier_ready"]


def test_what_is_loaded_is_what_the_settings_name() -> None:
    settings = ClassifierSettings(load=["safety"], models={"own": CheckpointSettings(checkpoint="/nowhere")})
    assert list(makers_of(settings)) == ["safety", "own"]


async def test_without_a_process_the_operators_own_are_read_too(tmp_path: Path) -> None:
    """As `gatewright guard test` does, with the settings that name them."""
    from tests.guardrails.classifiers.checkpoints import sequence_checkpoint

    folder = sequence_checkpoint(tmp_path, ["safe", "unsafe"], ["", "attack"])
    own = CheckpointSettings(checkpoint=str(folder), window_tokens=12, overlap_tokens=4)
    reads = InProcess(ClassifierSettings(models={"own": own}))
    told = await reads.read("own", ["the attack", "the weather"], 1.0)
    assert [[span.label for span in spans if span.score > 0.5] for spans in told] == [["UNSAFE"], []]
    with pytest.raises(ClassifierAway):
        await reads.read("other", ["x"], 1.0)
