"""The models of detectors, as they lie in a folder: each in one of its own, ``NAME``, with what is known of it in
``NAME.json`` and told in ``CARD.md``.

Of ``NAME.json`` the keys are read that say where the model comes from; the others are for whoever loads it.
"""

from pathlib import Path
from typing import Literal

import msgspec

from guardrails.bundled import folder_of
from operations.guards.training import digest_of

BUNDLED = folder_of("").resolve()
Digest = Literal["verified", "changed", "missing", "untold"]


class ModelFigure(msgspec.Struct, frozen=True):
    """``of`` how many texts; ``low`` and ``high`` are the ends of a 95 % interval where there is one."""

    name: str
    value: float
    of: int | None = None
    low: float | None = None
    high: float | None = None


class ModelFile(msgspec.Struct, frozen=True, kw_only=True):
    """``digest`` verified: the file is the one that was told of; changed: it is another; untold: nothing told of it."""

    name: str
    bytes: int
    sha256: str
    digest: Digest


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """``problem`` says why its description cannot be read; empty where it can."""

    name: str
    folder: str
    problem: str
    version: str | None
    licence: str | None
    seed: int | None
    data_sha256: str | None
    figures: list[ModelFigure]
    files: list[ModelFile]
    card: str | None

    @property
    def intact(self) -> bool:
        """Whether nothing speaks against its files."""
        return not self.problem and all(file.digest in ("verified", "untold") for file in self.files)

    @property
    def verified(self) -> list[str]:
        """The digests of files that are those that were told of."""
        return [file.sha256 for file in self.files if file.digest == "verified"]


class _Described(msgspec.Struct, frozen=True):
    file: str | None = None
    sha256: str | None = None
    version: str | None = None
    licence: str | None = None
    seed: int | None = None
    data_sha256: str | None = None
    figures: list[ModelFigure] = []


def models_in(folder: Path) -> list[Model]:
    """By name. A folder that is not there has none."""
    if not folder.is_dir():
        return []
    return [model_at(one) for one in sorted(folder.iterdir()) if is_model(one)]


def is_model(folder: Path) -> bool:
    return (folder / f"{folder.name}.json").is_file() or (folder / "CARD.md").is_file()


def model_at(folder: Path) -> Model:
    """The model in a folder of its name, whatever state it is in. Raises OSError where there is no such folder."""
    problem, described = "", _Described()
    try:
        described = msgspec.json.decode((folder / f"{folder.name}.json").read_bytes(), type=_Described)
    except OSError as error:
        problem = f"{folder.name}.json cannot be read: {error.strerror}"
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        problem = f"{folder.name}.json: {error}"
    card = folder / "CARD.md"
    return Model(name=folder.name, folder=str(folder), problem=problem, version=described.version,
                 licence=described.licence, seed=described.seed, data_sha256=described.data_sha256,
                 figures=described.figures, files=_files(folder, described),
                 card=card.read_text() if card.is_file() else None)


def _files(folder: Path, described: _Described) -> list[ModelFile]:
    told = {described.file: described.sha256} if described.file and described.sha256 else {}
    there = {path.name for path in folder.iterdir() if path.is_file()} - {"CARD.md", f"{folder.name}.json"}
    return [_file(folder / name, told.get(name), name in there) for name in sorted(there | told.keys())]


def _file(path: Path, told: str | None, there: bool) -> ModelFile:
    found = digest_of(path) if there else ""
    digest: Digest = "missing" if not there else "untold" if told is None else (
        "verified" if found == told else "changed")
    return ModelFile(name=path.name, bytes=path.stat().st_size if there else 0, sha256=found or told or "",
                     digest=digest)
