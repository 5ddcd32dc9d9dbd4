"""The models that come with the package, each in a folder with its description and its card."""

from importlib.resources import files
from pathlib import Path


def folder_of(name: str) -> Path:
    """Where a bundled model lies."""
    return Path(str(files(__name__))) / name
