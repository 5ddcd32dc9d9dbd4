"""The models of detectors, as they lie in a folder: each in one of its own, ``NAME``, with what is known of it in
``NAME.json`` and told in ``CARD.md``.

Of ``NAME.json`` these keys are read, and the others left to whoever loads the model: ``files`` (SHA-256 by name),
``figures``, ``seed``, ``licence``, ``data`` (a digest, or a digest by name).
"""

from pathlib import Path
from typing import Any, Literal

import msgspec

import guardrails
from operations.guards.training import digest_of

BUNDLED = Path(guardrails.__file__).parent / "bundled"
Digest = Literal["verified", "changed", "missing", "untold"]


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
    licence: str | None
    seed: int | None
    data: str | dict[str, str] | None
    figures: dict[str, Any]
    files: list[ModelFile]
    card: str | None

    @property
    def intact(self) -> bool:
        """Whether nothing speaks against its files."""
        return not self.problem and all(file.digest in ("verified", "untold") for file in self.files)


class _Described(msgspec.Struct, frozen=True):
    files: dict[str, str] = {}
    figures: dict[str, Any] = {}
    seed: int | None = None
    licence: str | None = None
    data: str | dict[str, str] | None = None


def models_in(folder: Path) -> list[Model]:
    """By name. A folder that is not there has none."""
    if not folder.is_dir():
        return []
    return [_model(one) for one in sorted(folder.iterdir())
            if (one / f"{one.name}.json").is_file() or (one / "CARD.md").is_file()]


def _model(folder: Path) -> Model:
    problem, described = "", _Described()
    try:
        described = msgspec.json.decode((folder / f"{folder.name}.json").read_bytes(), type=_Described)
    except OSError as error:
        problem = f"{folder.name}.json cannot be read: {error.strerror}"
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        problem = f"{folder.name}.json: {error}"
    card = folder / "CARD.md"
    return Model(name=folder.name, folder=str(folder), problem=problem, licence=described.licence, seed=described.seed,
                 data=described.data, figures=described.figures, files=_files(folder, described.files),
                 card=card.read_text() if card.is_file() else None)


def _files(folder: Path, told: dict[str, str]) -> list[ModelFile]:
    there = {path.name for path in folder.iterdir() if path.is_file()} - {"CARD.md", f"{folder.name}.json"}
    return [_file(folder / name, told.get(name), name in there) for name in sorted(there | told.keys())]


def _file(path: Path, told: str | None, there: bool) -> ModelFile:
    found = digest_of(path) if there else ""
    digest: Digest = "missing" if not there else "untold" if told is None else (
        "verified" if found == told else "changed")
    return ModelFile(name=path.name, bytes=path.stat().st_size if there else 0, sha256=found or told or "",
                     digest=digest)
