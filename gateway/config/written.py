"""Leaves of a configuration that are written in a way of their own: durations, prices, addresses, endpoint URLs."""

import ipaddress
import re
from decimal import Decimal
from typing import Any

from gateway.config.checking import Written

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d)")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HOST = r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]"
_ADDRESS = re.compile(rf"(?:{_HOST}):([0-9]{{1,5}})")
_LOOPBACK = re.compile(r"(?:127(?:\.[0-9]+){3}|localhost|\[::1\])(?:[:/]|$)")
_URL = re.compile(rf"(https?)://({_HOST})(?::([0-9]{{1,5}}))?/*", re.IGNORECASE)


class Duration(float, Written):
    """A length of time in seconds, written ``500ms``, ``2s``, ``10m``, ``1h``, ``7d``."""

    expected = "a duration above zero such as 500ms, 2s, 10m or 1h"

    @classmethod
    def parse(cls, value: Any) -> "Duration":
        match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
        seconds = float(match[1]) * _UNITS[match[2]] if match else 0.0
        if not 0 < seconds < float("inf"):
            raise ValueError(value)
        return cls(seconds)


class TokenPrice(int, Written):
    """A price of a million tokens, in millionths of the operator's unit of currency: written ``0.15``, kept 150000."""

    expected = "a price of a million tokens from 0 to 100000 with at most six decimals, such as 0.15"

    @classmethod
    def parse(cls, value: Any) -> "TokenPrice":
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 100_000:
            raise ValueError(value)
        micros = Decimal(str(value)) * 1_000_000
        if micros != int(micros):
            raise ValueError(value)
        return cls(micros)


class KeyHash(str, Written):
    """The SHA-256 of a key. What stands here by mistake is often the key itself: it is not said again."""

    __slots__ = ()
    expected = "the SHA-256 of a key in 64 small hexadecimal digits"
    secret = True

    @classmethod
    def parse(cls, value: Any) -> "KeyHash":
        if not isinstance(value, str) or not _SHA256.fullmatch(value):
            raise ValueError("no SHA-256")
        return cls(value)


class Address(str, Written):
    """An address to listen on, written ``host:port``; IPv6 in brackets."""

    __slots__ = ()
    expected = "an address such as 127.0.0.1:8000 or [::1]:8000"

    @classmethod
    def parse(cls, value: Any) -> "Address":
        match = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
        if match is None or int(match[1]) > 65535:
            raise ValueError(value)
        return cls(value)

    @property
    def host(self) -> str:
        return self.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port; -1 where there is none."""
        text = self.rpartition(":")[2]
        return int(text) if text.isascii() and text.isdigit() else -1

    @property
    def is_loopback(self) -> bool:
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


class EndpointURL(str, Written):
    """The base URL of a model server, with scheme and without a path: ``http://10.0.0.7:8000``."""

    __slots__ = ()
    expected = "a URL with scheme and host and no path, such as http://127.0.0.1:9101"

    @classmethod
    def parse(cls, value: Any) -> "EndpointURL":
        match = _URL.fullmatch(value) if isinstance(value, str) else None
        if match is None or not 0 < int(match[3] or 1) <= 65535:
            raise ValueError(value)
        return cls(value.lower().rstrip("/"))


class AuditPlace(str, Written):
    """Where the audit's checkpoints are written too: a folder, or a URL to post them to."""

    __slots__ = ()
    expected = "a folder, or a URL with https such as https://audit.example/checkpoints (http on a loopback address)"
    secret = True  # a URL may hold one

    @classmethod
    def parse(cls, value: Any) -> "AuditPlace":
        if not isinstance(value, str) or not value.strip():
            raise ValueError("no place")
        scheme, separator, rest = value.partition("://")
        if separator and not ((scheme == "https" and rest) or (scheme == "http" and _LOOPBACK.match(rest))):
            raise ValueError("no such URL")
        return cls(value)

    @property
    def is_url(self) -> bool:
        return "://" in self

    @property
    def shown(self) -> str:
        """What logs and metrics call it: of a URL the host alone."""
        return self.partition("://")[2].partition("/")[0].rpartition("@")[2] if self.is_url else str(self)
