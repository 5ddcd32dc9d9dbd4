"""The classifiers that come with the program: what each needs, and which of them this host has."""

from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, get_args

from guardrails.classifiers import embedding, rampart, safety
from guardrails.classifiers.settings import BuiltIn, ClassifierSettings

NAMES: tuple[BuiltIn, ...] = get_args(BuiltIn)


class Requirements(NamedTuple):
    """Packages, by the names that they are imported by; files; and the extra that installs what is missing."""

    packages: tuple[str, ...]
    files: tuple[Path, ...]
    extra: str

    def missing(self) -> list[str]:
        return [*(name for name in self.packages if find_spec(name) is None),
                *(str(path) for path in self.files if not path.is_file())]

    @property
    def remedy(self) -> str:
        return f"pip install 'gatewright[{self.extra}]'"


def requirements_of(name: BuiltIn) -> Requirements:
    if name == rampart.NAME:
        return Requirements(rampart.NEEDS, (), "names")
    if name == safety.NAME:
        return Requirements(safety.NEEDS, safety.files_in(safety.FOLDER), "classifiers")
    return Requirements(embedding.NEEDS, (), "topics")


def installed() -> list[BuiltIn]:
    """Those that can be loaded here."""
    return [name for name in NAMES if not requirements_of(name).missing()]


def loaded_by(settings: ClassifierSettings) -> list[str]:
    """The names of all that ``settings`` load: the built-in ones, then the operator's."""
    return [*(installed() if settings.load is None else settings.load), *settings.models, *settings.embedders]
