"""Where replies are remembered: the ``cache`` URL of the settings."""

from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import msgspec

from gateway.config.checking import Written

MEMORY_BYTES = 256 << 20
REDIS_PORT = 6379


class Redis(msgspec.Struct, frozen=True):
    """A Redis server, and who asks it."""

    host: str
    port: int = REDIS_PORT
    database: int = 0
    username: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        return f"<Redis {self.host}:{self.port}/{self.database}>"


class CacheURL(str, Written):
    """``memory://?max_bytes=N``, or ``redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE][?max_bytes=N]``: the memory of
    this host, N bytes for all its workers together, and a server behind it that hosts share."""

    __slots__ = ()
    expected = "memory://?max_bytes=N or redis://HOST:PORT/DATABASE"
    secret = True  # a password may stand in it

    @classmethod
    def parse(cls, value: Any) -> "CacheURL":
        if not isinstance(value, str):
            raise ValueError("no text")
        url = cls(value)
        parts = url._parts
        has_place = bool(parts.netloc + parts.path)
        if parts.fragment or (parts.scheme, has_place) not in (("memory", False), ("redis", True)):
            raise ValueError("neither memory nor redis")
        url.redis  # noqa: B018  raises where a number is none
        if url.max_bytes < 0 or url._options.keys() - {"max_bytes"}:
            raise ValueError("an option that is none")
        return url

    @property
    def max_bytes(self) -> int:
        """What the memories of all workers of a host hold together, at most."""
        return int(self._options.get("max_bytes", MEMORY_BYTES))

    @property
    def redis(self) -> Redis | None:
        """The server behind the memory, where there is one."""
        parts = self._parts
        if parts.scheme != "redis":
            return None
        if not parts.hostname:
            raise ValueError("no host")
        return Redis(parts.hostname, parts.port or REDIS_PORT, int(parts.path.strip("/") or 0),
                     unquote(parts.username) if parts.username else None,
                     unquote(parts.password) if parts.password else None)

    @property
    def _parts(self) -> SplitResult:
        return urlsplit(str(self))

    @property
    def _options(self) -> dict[str, str]:
        query = self._parts.query
        return dict(parse_qsl(query, keep_blank_values=True, strict_parsing=True)) if query else {}
