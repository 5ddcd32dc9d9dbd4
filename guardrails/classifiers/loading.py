"""Loading: from settings to classifiers, each made when it is asked for. Only here anything heavy is imported."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

from guardrails.bundled import folder_of
from guardrails.classifiers.builtin import installed
from guardrails.classifiers.checkpoint import Checkpoint
from guardrails.classifiers.classifier import Classifier
from guardrails.classifiers.embedding import Topics, model_folder
from guardrails.classifiers.encoder import Encoder
from guardrails.classifiers.rampart import Rampart
from guardrails.classifiers.reading import Readings
from guardrails.classifiers.safety import Safety
from guardrails.classifiers.sentences import Sentences
from guardrails.classifiers.settings import BuiltIn, ClassifierSettings

Make = Callable[[], Classifier]
# So long after a failure it is tried again: a hub may be back, a disk mounted.
AGAIN_SECONDS = 60.0


# What several classifiers import: two threads that begin with such a package at once find it half made.
_SHARED = ("numpy", "tokenizers", "onnxruntime")


def _import_shared() -> None:
    for name in _SHARED:
        with suppress(ImportError):
            import_module(name)


class LoadingLog(Protocol):
    def info(self, event: str, **fields: Any) -> None: ...
    def error(self, event: str, **fields: Any) -> None: ...


def makers_of(settings: ClassifierSettings, own_models: Path | None = None) -> dict[str, Make]:
    """How each classifier that ``settings`` name is made, by its name. A model below ``own_models`` takes the place of
    the bundled one."""
    built_in = installed() if settings.load is None else settings.load
    one_at_a_time = Lock()
    own: dict[str, Make] = {name: partial(Checkpoint(one, settings.device, one_at_a_time).load, name)
                            for name, one in settings.models.items()}
    own |= {name: partial(_sentences, name, Path(one.folder)) for name, one in settings.embedders.items()}
    minilm = _Once(lambda: Encoder.in_folder(model_folder()))
    known: Mapping[BuiltIn, Make] = {
        "names": Rampart, "safety": lambda: Safety(folder_of("safety", own_models)),
        "topics": lambda: Topics(reader=minilm.get()),
        "minilm": lambda: Sentences("minilm", model_folder(), minilm.get())}
    return {**{name: known[name] for name in built_in}, **own}


def _sentences(name: str, folder: Path) -> Sentences:
    return Sentences(name, folder, Encoder.in_folder(folder))


class _Once:
    """What two classifiers read with, loaded by the first."""

    def __init__(self, make: Callable[[], Encoder]) -> None:
        self._make = make
        self._lock = Lock()
        self._made: Encoder | None = None

    def get(self) -> Encoder:
        with self._lock:
            self._made = self._made or self._make()
            return self._made


class Loading:
    """Loads side by side, so that each can be asked as soon as it is there; one that fails is tried again."""

    def __init__(self, readings: Readings, now: Callable[[], float], log: LoadingLog,
                 told: Callable[[BaseException], Iterable[str]], again_seconds: float = AGAIN_SECONDS) -> None:
        """``told``: an error's places in the code."""
        self._readings = readings
        self._now = now
        self._log = log
        self._told = told
        self._again_seconds = again_seconds

    async def run(self, makers: Mapping[str, Make]) -> None:
        """Returns once all are loaded."""
        threads = ThreadPoolExecutor(max(1, len(makers)), "loading")
        try:
            await asyncio.get_running_loop().run_in_executor(threads, _import_shared)
            await asyncio.gather(*(self._load(name, make, threads) for name, make in makers.items()))
        finally:
            threads.shutdown(wait=False, cancel_futures=True)

    async def _load(self, name: str, make: Make, threads: ThreadPoolExecutor) -> None:
        while True:
            began = self._now()
            try:
                classifier = await asyncio.get_running_loop().run_in_executor(threads, make)
            except Exception as error:
                self._log.error("classifier_broken", classifier=name, error=type(error).__name__, says=str(error)[:500],
                                at_places=self._told(error), again_in_seconds=self._again_seconds)
                self._readings.turn(name, "broken")
                await asyncio.sleep(self._again_seconds)
                continue
            self._log.info("classifier_ready", classifier=name, load_seconds=round(self._now() - began, 3),
                           **getattr(classifier, "described", {}))
            self._readings.add(classifier)
            return
