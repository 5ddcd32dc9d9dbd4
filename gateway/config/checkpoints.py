"""The checkpoints that settings name: where they are, and whether they can be what the settings say."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import msgspec

from gateway.config.checking import Problem, join, nearest
from guardrails.classifiers import encoder
from guardrails.classifiers.checkpoint import REMEDY, Facts, Unusable, facts_of, is_folder, missing_for
from guardrails.classifiers.encoder import shape_in
from guardrails.classifiers.settings import CheckpointSettings, ClassifierSettings, EmbedderSettings


def with_absolute_folders(settings: ClassifierSettings, base: Path) -> ClassifierSettings:
    """Folders are below ``base``, as paths of settings are; what is neither written as a folder nor one there is an id
    of the hub."""
    return msgspec.structs.replace(settings, models={
        name: msgspec.structs.replace(one, checkpoint=_place(one.checkpoint, base))
        for name, one in settings.models.items()}, embedders={
        name: EmbedderSettings(folder=str(base / Path(one.folder).expanduser()))
        for name, one in settings.embedders.items()})


def _place(checkpoint: str, base: Path) -> str:
    path = Path(checkpoint).expanduser()
    return str(base / path) if is_folder(checkpoint) or (base / path).is_dir() else checkpoint


def problems_of_checkpoints(settings: ClassifierSettings) -> Iterator[Problem]:
    """What can be told without loading any: of a folder all, of an id of the hub what it would need."""
    for name, one in settings.models.items():
        path = join("classifiers.models", name)
        facts: Facts | None = None
        try:
            facts = _facts(one, settings)
        except Unusable as error:
            yield Problem(path=f"{path}.{error.field}", expected=error.expected, found=error.found,
                          nearest=nearest(error.found.strip("'"), error.known))
            continue
        if lacking := list(missing_for(facts)):
            yield Problem(path=path, expected=f"the packages that it needs: {REMEDY}", found=f"no {', '.join(lacking)}")


def problems_of_embedders(settings: ClassifierSettings) -> Iterator[Problem]:
    """Sentence models that this release cannot read, or for which a package is missing."""
    for name, one in settings.embedders.items():
        path = join("classifiers.embedders", name)
        try:
            shape_in(Path(one.folder))
        except encoder.Unusable as error:
            yield Problem(path=f"{path}.folder", expected=error.expected, found=error.found)
        if lacking := [package for package in encoder.NEEDS if find_spec(package) is None]:
            yield Problem(path=path, expected="the packages that it needs: pip install 'gatewright[topics]'",
                          found=f"no {', '.join(lacking)}")


def _facts(one: CheckpointSettings, settings: ClassifierSettings) -> Facts | None:
    if not is_folder(one.checkpoint):
        if one.checkpoint.count("/") > 1 or not one.checkpoint.strip("/"):
            raise Unusable("checkpoint", "a folder, or an id of the hub such as owner/name", repr(one.checkpoint))
        return None
    return facts_of(Path(one.checkpoint), msgspec.structs.replace(one, device=one.device or settings.device))
