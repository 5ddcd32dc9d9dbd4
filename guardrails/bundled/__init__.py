"""The models that come with the package, each in a folder with its description and its card."""

from importlib.resources import files
from pathlib import Path


def folder_of(name: str, own: Path | None = None) -> Path:
    """Where a model lies: below ``own``, an operator's folder of models, where it has it, else among those that come
    with the package."""
    if own is not None and (own / name / f"{name}.json").is_file():
        return own / name
    return Path(str(files(__name__))) / name
