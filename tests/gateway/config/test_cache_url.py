"""Where replies are remembered, as an operator writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.config.cache_url import MEMORY_BYTES, CacheURL, Redis
from gateway.config.checking import ConfigurationError
from gateway.config.reading import read_settings


@pytest.mark.parametrize(("text", "max_bytes", "redis"), [
    ("memory://", MEMORY_BYTES, None), ("memory://?max_bytes=0", 0, None), ("memory://?max_bytes=1000", 1000, None),
    ("redis://cache", MEMORY_BYTES, Redis("cache")), ("redis://[::1]:7000/2", MEMORY_BYTES, Redis("::1", 7000, 2)),
    ("redis://:p%40ss@h:1/0?max_bytes=5", 5, Redis("h", 1, 0, None, "p@ss")),
    ("redis://ada:x@h", MEMORY_BYTES, Redis("h", 6379, 0, "ada", "x")),
])  # fmt: skip
def test_a_url_tells_the_bound_and_the_server(text: str, max_bytes: int, redis: Redis | None) -> None:
    url = CacheURL.parse(text)
    assert (url.max_bytes, url.redis) == (max_bytes, redis)


@pytest.mark.parametrize("text", [
    None, 5, "", "memory", "memory://host", "memory:///x", "memory://?max_bytes=-1", "memory://?max_bytes=x",
    "memory://?maxbytes=5", "redis://", "redis://h:x", "redis://h:70000", "redis://h/db", "http://h", "redis://h#f",
    "memory://?max_bytes",
])  # fmt: skip
def test_what_is_no_such_url_is_refused(text: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the message is the configuration's
        CacheURL.parse(text)


def test_a_password_is_not_told_in_an_error(tmp_path: Path) -> None:
    file = tmp_path / "gatewright.yaml"
    file.write_text("routing: r.yaml\ncache: redis://:hunter2@host/x\n")
    with pytest.raises(ConfigurationError) as refused:
        read_settings(file)
    assert "cache: expected memory://" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_password_is_not_told_by_a_server() -> None:
    assert "hunter2" not in repr(CacheURL.parse("redis://:hunter2@host").redis)
