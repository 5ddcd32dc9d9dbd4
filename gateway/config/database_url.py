"""What ``database`` may say: a file for SQLite, or where a PostgreSQL is. Nothing here opens it or shows a password."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, urlsplit

from gateway.config.checking import Problem, nearest

SQLITE = "sqlite:///"
_SCHEMES = ("sqlite", "postgresql")
_SECRETS = {"password", "sslpassword"}
_EXPECTED = f"{SQLITE}PATH or postgresql://USER:PASSWORD@HOST/NAME"
_DRIVER = "psycopg"


def problems_of_database(url: str, find: Callable[[str], object] = find_spec) -> Iterator[Problem]:
    """``find`` tells whether a package is installed."""
    scheme = url.partition("://")[0]
    if scheme == "postgresql":
        yield from _problems_of_postgresql(url, find)
    elif not url.removeprefix(SQLITE) or not url.startswith(SQLITE):
        shown = f"{scheme}://..." if "://" in url else "no URL"
        yield Problem(path="database", expected=_EXPECTED, found=shown, nearest=_nearest_scheme(scheme))


def with_absolute_path(url: str, base: Path) -> str:
    """The URL with a file that is relative to ``base`` told in full."""
    path = url.removeprefix(SQLITE)
    return url if path == url else f"{SQLITE}{base / path}"


def _nearest_scheme(scheme: str) -> str | None:
    close = nearest(scheme.partition("+")[0], _SCHEMES)
    return close and f"{close}://"


def _problems_of_postgresql(url: str, find: Callable[[str], object]) -> Iterator[Problem]:
    parts = urlsplit(url)
    options = parse_qs(parts.query)
    if not _has_port(parts):
        yield Problem(path="database", expected="a port of 1 to 65535 (in a password, write : / ? # @ % as %3A %2F %3F "
                      "%23 %40 %25)", found="no such number after the host")
    elif not parts.hostname and "host" not in options:
        yield Problem(path="database", expected=_EXPECTED, found="no host")
    if not parts.path.strip("/"):
        yield Problem(path="database", expected=_EXPECTED, found="no name of a database")
    for name in sorted(_SECRETS & options.keys()):
        yield Problem(path="database", expected="the password before the host, or in a file of PGPASSFILE",
                      found=f"{name}= after the name")
    if find(_DRIVER) is None:
        yield Problem(path="database", expected="PostgreSQL's driver: pip install 'gatewright[postgresql]'",
                      found=f"no {_DRIVER}")


def _has_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False
