"""The demo's files: its settings and routing, written where they can be looked at and edited."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

_TEMPLATES = Path(__file__).parent


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Where everything listens, as host:port; ``models`` are the two model servers."""

    listen: str
    admin: str
    models: tuple[str, str]


def default_folder(environment: Mapping[str, str]) -> Path:
    """In the cache, beside the model's weights: a demo leaves nothing in the folder that it was started from."""
    cache = environment.get("XDG_CACHE_HOME")
    base = Path(cache) if cache else Path.home() / ".cache"
    return Path(environment.get("GATEWRIGHT_CACHE") or base / "gatewright") / "demo"


def write(folder: Path, places: Places) -> Path:
    """Writes both files into ``folder``; returns the settings' path. Routing that somebody edited is kept where its
    endpoints are still the right ones."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = (_TEMPLATES / "gatewright.yaml").read_text()
    (folder / "gatewright.yaml").write_text(settings.replace("LISTEN", places.listen).replace("ADMIN", places.admin))
    first, second = (f"http://{address}" for address in places.models)
    routing = folder / "routing.yaml"
    if not _names(routing, first, second):
        text = (_TEMPLATES / "routing.yaml").read_text().replace("FIRST", first).replace("SECOND", second)
        _replace(routing, text)
    return folder / "gatewright.yaml"


def _names(routing: Path, *endpoints: str) -> bool:
    try:
        text = routing.read_text()
    except (OSError, UnicodeDecodeError):
        return False
    return all(endpoint in text for endpoint in endpoints)


def _replace(path: Path, text: str) -> None:
    temporary = path.with_suffix(".new")
    temporary.write_text(text)
    os.replace(temporary, path)
