"""The detectors of this host: those of the release, with what its settings give them to work with."""

from collections.abc import Container
from pathlib import Path

from gateway.config.checking import nearest
from gateway.config.settings import Settings
from guardrails.classifiers import embedding
from guardrails.classifiers.builtin import loaded_by, requirements_of
from guardrails.classifiers.sentences import MINILM
from guardrails.classifiers.settings import BuiltIn
from guardrails.compiling import Catalogue, Family, Make, Unavailable
from guardrails.detectors import names
from guardrails.detectors.catalogue import CATALOGUE, Shared, asks_transformer, tiered_detectors
from guardrails.detectors.classified import Reads, classified


def usable_detectors(settings: Settings) -> Catalogue:
    """For whoever checks a policy: what these settings leave without means is unavailable, and says what it lacks."""
    loaded = loaded_by(settings.classifying) if settings.classifying is not None else []
    silent = {embedding.NAME, MINILM, *(settings.classifying.embedders if settings.classifying is not None else ())}
    found: dict[str, Make] = {**CATALOGUE, "classifiers.*": Family(lambda own: _known(own, loaded, silent))}
    alone: tuple[BuiltIn, ...] = ("names", "topics")  # guards of the same names
    for guard in alone:
        if guard not in loaded:
            found[guard] = Unavailable(_lacking(guard, settings))
    if "safety" not in loaded:
        for tiered in ("toxicity", "injection"):
            found[tiered] = Unavailable(_lacking("safety", settings), asks_transformer, CATALOGUE[tiered])
    return found


def _known(own: str, loaded: list[str], silent: Container[str]) -> Make:
    """``silent`` are those that tell a policy nothing: vectors, or what only sentences make speak."""
    if own in loaded and own not in silent:
        return lambda rule: classified(own, rule)
    near = nearest(own, loaded)
    return Unavailable(f"the settings load no classifier {own!r} ({', '.join(loaded) or 'none at all'})"
                       + (f"; did you mean {near!r}?" if near else "; it belongs under classifiers.models"))


def _lacking(classifier: BuiltIn, settings: Settings) -> str:
    if settings.classifying is None:
        return names.NONE_CONFIGURED if classifier == names.NAME else (
            f"the classifier {classifier} judges this, and none is configured; in gatewright.yaml set classifiers: 1")
    requirements = requirements_of(classifier)
    return f"the settings do not load the classifier {classifier}: " + (
        f"{requirements.remedy}" if requirements.missing() else f"add {classifier} to classifiers.load")


def detectors_with(reads: Reads | None, own_models: Path | None = None) -> Catalogue:
    """For a data worker. It takes any revision that was live: a detector without its means fails, as ``on_error`` has
    it, and the other models are served."""
    return {**CATALOGUE, **tiered_detectors(reads, Shared(own_models))}
